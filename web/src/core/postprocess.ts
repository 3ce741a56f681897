/**
 * Dense outputs of the detector's network -> keys, and remotes without a visible blade.
 *
 * In:    DenseOutputs
 * Out:   Detection(s), highest score first, in pixels of the network's input
 * Needs: constants.json, detection.ts
 *
 * Same results as detect/postprocess.py, which describes the outputs.
 */

import constants from './constants.json';
import { type Detection, keypointDistance } from './detection';
import type { Point } from './geometry';

const C = constants.postprocess;
const CHANNELS = C.OUTPUTS.length;
const [KEY, REMOTE] = [C.OUTPUTS.indexOf('key'), C.OUTPUTS.indexOf('remote')];
const [HEAD, TIP] = [C.HEAD[0] as number, C.TIP[0] as number];
const [ATTRIBUTES] = C.ATTRIBUTES as [number, number];

/** The network's outputs, (LOCATIONS, OUTPUTS) float32: strides in the order of STRIDES, row by row. */
export type DenseOutputs = Float32Array;

/** A location of one of the grids. */
interface Location {
  readonly centre: Point; // of its cell, px of the input
  readonly stride: number; // px
}

const LOCATIONS: readonly Location[] = C.STRIDES.flatMap((stride, i) => {
  const [rows, columns] = C.GRIDS[i] as [number, number];
  return Array.from({ length: rows * columns }, (_, cell) => {
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    return { centre: [(column + 0.5) * stride, (row + 0.5) * stride], stride } as const;
  });
});

/**
 * Return the keys and remotes with at least `scoreThreshold`, each once, highest score first.
 *
 * A remote where a key is detected is not returned: that key's blade can be seen.
 */
export function decode(outputs: DenseOutputs, scoreThreshold: number): Detection[] {
  const keys = decodeClass(outputs, KEY, scoreThreshold);
  const remotes = decodeClass(outputs, REMOTE, scoreThreshold);
  return [...keys, ...remotes.filter((remote) => isApart(remote, keys))].sort(byScore);
}

/** Order detections by score, highest first. */
export function byScore(key: { readonly score: number }, other: { readonly score: number }): number {
  return other.score - key.score;
}

/** Return the detections of one of the two classes, without duplicates, highest score first. */
function decodeClass(outputs: DenseOutputs, channel: number, scoreThreshold: number): Detection[] {
  const candidates: { readonly location: number; readonly score: number }[] = [];
  for (let location = 0; location < LOCATIONS.length; location++) {
    const score = sigmoid(outputs[location * CHANNELS + channel] as number);
    if (score >= scoreThreshold) candidates.push({ location, score });
  }
  const kept: Detection[] = [];
  for (const { location, score } of candidates.sort(byScore).slice(0, C.MAX_CANDIDATES)) {
    if (kept.length >= C.MAX_DETECTIONS) break;
    const detection = { score, remote: channel === REMOTE, ...decodeLocation(outputs, location) };
    if (isApart(detection, kept)) kept.push(detection);
  }
  return kept;
}

/** Return the key that is predicted at a location. */
function decodeLocation(outputs: DenseOutputs, location: number): Omit<Detection, 'score' | 'remote'> {
  const { centre, stride } = LOCATIONS[location] as Location;
  const unit = C.OFFSET_UNIT * stride;
  const at = (channel: number): number => outputs[location * CHANNELS + channel] as number;
  const point = (channel: number): Point => [
    centre[0] + at(channel) * unit,
    centre[1] + at(channel + 1) * unit,
  ];
  return {
    head: point(HEAD),
    tip: point(TIP),
    width: Math.exp(Math.min(at(C.LOG_WIDTH), C.MAX_LOG_WIDTH)) * unit,
    occlusion: sigmoid(at(ATTRIBUTES)),
    truncation: sigmoid(at(ATTRIBUTES + 1)),
    bladeShare: sigmoid(at(ATTRIBUTES + 2)),
  };
}

/** Return whether a detection is none of these keys. */
function isApart(detection: Detection, keys: readonly Detection[]): boolean {
  return keys.every((key) => keypointDistance(detection, key) >= C.NMS_DISTANCE);
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
