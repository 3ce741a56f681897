/**
 * Detections of the same key -> one of them.
 *
 * In:    Detection(s)
 * Out:   each key once
 * Needs: constants.json, detection.ts, postprocess.ts
 *
 * Same results as detect/duplicates.py.
 */

import constants from './constants.json';
import { type Detection, keypointDistance, middleDistance } from './detection';
import { byScore } from './postprocess';

const { DUPLICATE_DISTANCE, LOOSE_DUPLICATE_DISTANCE } = constants.duplicates;

/**
 * Return whether two detections are the same key or remote.
 *
 * Keypoints of small keys are noisy: where the keys' middles agree, their distance may be larger.
 */
export function isDuplicate(key: Detection, other: Detection): boolean {
  const distance = keypointDistance(key, other);
  if (distance <= DUPLICATE_DISTANCE) return true;
  return distance <= LOOSE_DUPLICATE_DISTANCE && middleDistance(key, other) <= DUPLICATE_DISTANCE / 2;
}

/** Return whether a detection is the same key as one of the others. */
export function isAmong(key: Detection, others: readonly Detection[]): boolean {
  return others.some((other) => isDuplicate(key, other));
}

/** Return each key once, as the first of its detections, and no remote where a key is, highest score first. */
export function withoutDuplicates(detections: readonly Detection[]): Detection[] {
  const kept: Detection[] = [];
  for (const isRemote of [false, true]) {
    for (const key of detections) {
      if (key.remote === isRemote && !isAmong(key, kept)) kept.push(key);
    }
  }
  return kept.sort(byScore);
}
