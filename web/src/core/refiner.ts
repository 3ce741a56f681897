/**
 * Detections -> refined detections: keypoints, widths and scores corrected.
 *
 * In:    Photo; Detection(s); a function that runs the refiner's network
 * Out:   Detection(s) in the same order
 * Needs: affine.ts, align.ts, detection.ts, geometry.ts, image.ts, mask.ts, numbers.ts, photo.ts
 *
 * Same results as detect/refiner.py, which describes the outputs.
 */

import { apply } from './affine';
import { extractUnstretched, type OrientedCrop, toPhoto } from './align';
import constants from './constants.json';
import { type Detection, lengthOf } from './detection';
import type { Point } from './geometry';
import { rgbBytes } from './image';
import { maskWidth } from './mask';
import { clamp } from './numbers';
import { type Photo, scaleOf } from './photo';

const C = constants.refiner;
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

/** What the network says about a region of the photo. */
interface Refinement extends RefinerOutputs {
  readonly region: OrientedCrop;
  readonly head: Point; // px of the photo
  readonly tip: Point;
}

/** Return the detections that still have at least minScore, with corrected ends, widths, scores and attributes. */
export async function refine(
  photo: Photo,
  detections: readonly Detection[],
  run: RunRefiner,
  minScore = 0,
): Promise<Detection[]> {
  const refined: Detection[] = [];
  for (const detection of detections) {
    const key = await refineOne(photo, detection, run, minScore);
    if (key) refined.push(key);
  }
  return refined;
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
  const bound = sigmoid(C.MAX_LOGIT);
  const limited = clamp(score, 1 - bound, bound);
  return sigmoid(C.DETECTOR_WEIGHT * Math.log(limited / (1 - limited)) + C.REFINER_WEIGHT * logit);
}

/** Return a detection as the network corrects it; null if its score is now too low. */
async function refineOne(
  photo: Photo,
  detection: Detection,
  run: RunRefiner,
  minScore: number,
): Promise<Detection | null> {
  const length = lengthOf(detection);
  if (length < C.MIN_LENGTH) return detection.score >= minScore ? detection : null;
  let refinement = await look(photo, cropRegion(detection), run);
  const { head, tip } = refinement;
  const moved = Math.max(
    lengthOf({ head, tip: detection.head }),
    lengthOf({ head: tip, tip: detection.tip }),
  );
  const again = moved > C.MOVED * length && lengthOf({ head, tip }) >= C.MIN_LENGTH;
  if (again && scoreOf(detection, refinement) >= C.HOPELESS)
    refinement = await look(photo, cropRegion({ head, tip, width: detection.width }), run);
  return scoreOf(detection, refinement) >= minScore ? refinedBy(detection, refinement) : null;
}

/** Return what the network says about a region. */
async function look(photo: Photo, region: OrientedCrop, run: RunRefiner): Promise<Refinement> {
  const crop = extractUnstretched(region, photo.pixels, scaleOf(photo), HEIGHT);
  const outputs = await run(rgbBytes(crop));
  const matrix = toPhoto(region, [WIDTH, HEIGHT]);
  const point = (part: number): Point =>
    apply(matrix, [WIDTH * (outputs.values[part] as number), WIDTH * (outputs.values[part + 1] as number)]);
  return { ...outputs, region, head: point(HEAD), tip: point(TIP) };
}

/** Return a detection as the second network corrects it. */
function refinedBy(detection: Detection, refinement: Refinement): Detection {
  const { values, masks, region, head, tip } = refinement;
  const at = (i: number): number => values[i] as number;
  return {
    score: scoreOf(detection, refinement),
    head,
    tip,
    width: maskWidth(keyCells(masks), region, head, tip) || detection.width,
    occlusion: sigmoid(at(ATTRIBUTES)),
    truncation: sigmoid(at(ATTRIBUTES + 1)),
    bladeShare: sigmoid(at(ATTRIBUTES + 2)),
    remote: at(REMOTE) > at(KEY),
  };
}

/** Return the score of a detection after a look. */
function scoreOf({ score }: Detection, { values }: Refinement): number {
  return combinedScore(score, Math.max(values[KEY] as number, values[REMOTE] as number));
}

/** Return each cell's probability of being the key. */
function keyCells(masks: Float32Array): Float32Array {
  return Float32Array.from({ length: CELLS }, (_, i) => masks[MASKS * i] as number);
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-clamp(logit, -FINITE, FINITE)));
}
