/**
 * Detections -> refined detections: keypoints, widths and scores corrected.
 *
 * In:    Photo; Detection(s); a function that runs the refiner's network
 * Out:   Detection(s), highest score first
 * Needs: affine.ts, align.ts, detection.ts, duplicates.ts, geometry.ts, image.ts, mask.ts, numbers.ts, photo.ts
 *
 * Same results as detect/refiner.py, which describes the outputs.
 */

import { apply } from './affine';
import { extractUnstretched, type OrientedCrop, toPhoto } from './align';
import constants from './constants.json';
import { type Detection, type Keypoints, lengthOf, nearest } from './detection';
import { isAmong, withoutDuplicates } from './duplicates';
import type { Point } from './geometry';
import { rgbBytes } from './image';
import { maskWidth } from './mask';
import { clamp } from './numbers';
import { type Photo, scaleOf } from './photo';
import { byScore } from './postprocess';

const C = constants.refiner;
const { LOOSE_DUPLICATE_DISTANCE } = constants.duplicates;
const { WIDTH, HEIGHT } = C;
const CELLS = (C.MASK_SHAPE[0] as number) * (C.MASK_SHAPE[1] as number);
const MASKS = C.MASK_SHAPE[2] as number;
const [KEY, REMOTE] = [C.OUTPUTS.indexOf('key'), C.OUTPUTS.indexOf('remote')];
const [HEAD, TIP, ATTRIBUTES] = [C.HEAD[0] as number, C.TIP[0] as number, C.ATTRIBUTES[0] as number];
const FINITE = 60; // logits beyond it are as good as infinite

/** The network's outputs for a crop. */
export interface RefinerOutputs {
  readonly values: Float32Array; // OUTPUTS
  readonly masks: Float32Array; // MASK_SHAPE: of each cell, the probabilities of key and blade
}

/** Run the refiner's network on the (HEIGHT, WIDTH, 3) RGB bytes of a crop. */
export type RunRefiner = (rgb: Uint8Array<ArrayBuffer>) => Promise<RefinerOutputs>;

/** A detection, and what the network makes of it. */
interface Refinement {
  readonly detection: Detection; // the first network's
  readonly at: Keypoints; // what the crop was around
  readonly refined: Detection; // except for its width
  readonly outputs: { readonly masks: Float32Array; readonly region: OrientedCrop } | null; // null: it is too short
}

/**
 * Return the keys with at least minScore once they are refined, each once, highest score first.
 *
 * Their ends, widths, scores and attributes are corrected. earlier: keys of the frame before, in
 * a video; around one that has hardly moved, one crop suffices.
 */
export async function refine(
  photo: Photo,
  detections: readonly Detection[],
  run: RunRefiner,
  minScore = 0,
  earlier: readonly Keypoints[] = [],
): Promise<Detection[]> {
  const refineOne = async (detection: Detection): Promise<Refinement> => {
    const at = nearest(detection, earlier, LOOSE_DUPLICATE_DISTANCE) ?? detection;
    const once = await readCrop(photo, detection, at, run);
    return needsSecondCrop(once) ? readCrop(photo, detection, once.refined, run) : once;
  };
  const first = withoutDuplicates(detections);
  const refinements: Refinement[] = [];
  for (const key of first) refinements.push(await refineOne(key));
  const certain = refinements.map(({ refined }) => refined).filter(({ score }) => score >= C.CERTAIN_SCORE);
  const others = detections.filter((key) => !first.includes(key) && !isAmong(key, certain));
  for (const key of others) refinements.push(await refineOne(key)); // they may have better keypoints
  return distinct(refinements.filter(({ refined }) => refined.score >= minScore)).map(measured);
}

/** Return the refinement of each key once, highest score first. */
function distinct(refinements: readonly Refinement[]): Refinement[] {
  const keys = withoutDuplicates(refinements.map(({ refined }) => refined).sort(byScore));
  return keys.map((key) => refinements.find(({ refined }) => refined === key) as Refinement);
}

/** Return whether a crop at the refined ends shows the key better, and there is a chance that it is one. */
function needsSecondCrop({ at, refined }: Refinement): boolean {
  const { head, tip, score } = refined;
  const moved = Math.max(lengthOf({ head, tip: at.head }), lengthOf({ head: tip, tip: at.tip }));
  return moved > C.MOVED * lengthOf(at) && lengthOf(refined) >= C.MIN_LENGTH && score >= C.SECOND_CROP_SCORE;
}

/** Return a key with the width of its mask, if that is not empty. */
function measured({ refined, outputs }: Refinement): Detection {
  if (!outputs) return refined;
  const width = maskWidth(keyCells(outputs.masks), outputs.region, refined.head, refined.tip);
  return { ...refined, width: width || refined.width };
}

/** Return the region around a detection that the network reads: head left, tip right. */
export function cropRegion({ head, tip, width }: Pick<Detection, 'head' | 'tip' | 'width'>): OrientedCrop {
  const length = Math.max(lengthOf({ head, tip }), 1e-6);
  return {
    centre: [(head[0] + tip[0]) / 2, (head[1] + tip[1]) / 2],
    axis: [(tip[0] - head[0]) / length, (tip[1] - head[1]) / length],
    width: C.CONTEXT * Math.max(length, (WIDTH / HEIGHT) * width),
  };
}

/** Return the score of a detection, given the first network's score and the second's logit. */
export function combinedScore(score: number, logit: number): number {
  const bound = sigmoid(constants.logistic.SCORE_LOGIT);
  const limited = clamp(score, 1 - bound, bound);
  return sigmoid(C.DETECTOR_WEIGHT * Math.log(limited / (1 - limited)) + C.REFINER_WEIGHT * logit);
}

/** Return a detection as the network corrects it in the crop around `at`. */
async function readCrop(
  photo: Photo,
  detection: Detection,
  at: Keypoints,
  run: RunRefiner,
): Promise<Refinement> {
  if (lengthOf(at) < C.MIN_LENGTH) return { detection, at, refined: detection, outputs: null };
  const region = cropRegion({ head: at.head, tip: at.tip, width: detection.width });
  const crop = extractUnstretched(region, photo.pixels, scaleOf(photo), HEIGHT);
  const { values, masks } = await run(rgbBytes(crop));
  return { detection, at, refined: refinedBy(detection, region, values), outputs: { masks, region } };
}

/** Return a detection as the network corrects it, except for its width. */
function refinedBy(detection: Detection, region: OrientedCrop, values: Float32Array): Detection {
  const matrix = toPhoto(region, [WIDTH, HEIGHT]);
  const at = (i: number): number => values[i] as number;
  const point = (part: number): Point => apply(matrix, [WIDTH * at(part), WIDTH * at(part + 1)]);
  return {
    score: combinedScore(detection.score, Math.max(at(KEY), at(REMOTE))),
    head: point(HEAD),
    tip: point(TIP),
    width: detection.width,
    occlusion: sigmoid(at(ATTRIBUTES)),
    truncation: sigmoid(at(ATTRIBUTES + 1)),
    bladeShare: sigmoid(at(ATTRIBUTES + 2)),
    remote: at(REMOTE) > at(KEY),
  };
}

/** Return each cell's probability of being the key. */
function keyCells(masks: Float32Array): Float32Array {
  return Float32Array.from({ length: CELLS }, (_, i) => masks[MASKS * i] as number);
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-clamp(logit, -FINITE, FINITE)));
}
