/**
 * Decode the detector's dense outputs into keys.
 *
 * In:    DenseOutputs, and the part of the input that is photo
 * Out:   Detection(s), highest score first, in pixels of the upright original
 * Needs: assign.ts, geometry.ts, numbers.ts, resize.ts, trace.ts
 *
 * Same results as detect/postprocess.py, which describes the method and its constants.
 */

import { assignCells, keyLength, MASK_THRESHOLD } from './assign';
import constants from './constants.json';
import { type Box, type Mask, maskCorners, orientedRectangle, type Point } from './geometry';
import { clamp, sortedPercentile } from './numbers';
import { resizeArray } from './resize';
import { CHANNELS, type DenseOutputs, type Keypoints } from './trace';

const C = constants.postprocess;

/** A key in a photo. */
export interface Detection {
  readonly score: number; // 0..1
  readonly box: Box; // around the visible part, aligned with the key; corner 0 is at the head
  readonly head: Point; // also if it is occluded or outside the frame
  readonly tip: Point;
  readonly occlusion: number; // share of its area inside the frame that is occluded
  readonly truncation: number; // share of its area outside the frame
  readonly mask: Mask; // of the whole photo, at 1 / scale of its resolution
  readonly scale: number;
}

/**
 * Return the keys with at least `scoreThreshold`, highest score first.
 *
 * size: width and height of the photo within the network's input, px. scale: pixels of the photo per input pixel.
 */
export function decode(
  outputs: DenseOutputs,
  [width, height]: readonly [number, number],
  scale: number,
  scoreThreshold: number,
): Detection[] {
  const { owner, keys } = assignCells(outputs);
  const keyScores = upsample(outputs, C.KEY);
  const bladeScores = upsample(outputs, C.BLADE);
  const detections: Detection[] = [];
  keys.forEach((keypoints, key) => {
    const pooled = pool(outputs, owner, key);
    if (pooled.count < C.MIN_CELLS || pooled.score < scoreThreshold) return;
    const inKey = (x: number, y: number): boolean =>
      (keyScores[y * C.SIDE + x] as number) >= MASK_THRESHOLD &&
      owner[Math.floor(y / C.STRIDE) * C.GRID + Math.floor(x / C.STRIDE)] === key;
    const inBlade = (x: number, y: number): boolean =>
      inKey(x, y) && (bladeScores[y * C.SIDE + x] as number) >= MASK_THRESHOLD;
    const mask = maskOf(width, height, inKey);
    if (!mask.data.includes(1)) return;
    const blade = maskOf(width, height, inBlade);
    const { score, occlusion, truncation } = pooled;
    const [head, tip] = refine(keypoints, mask, blade, Math.max(occlusion, truncation) > C.OCCLUSION_LIMIT);
    const box = orientedRectangle(maskCorners(mask), [tip[0] - head[0], tip[1] - head[1]]);
    const inPhoto = ([x, y]: Point): Point => [x * scale, y * scale];
    const corners: Box = [inPhoto(box[0]), inPhoto(box[1]), inPhoto(box[2]), inPhoto(box[3])];
    detections.push({
      score,
      occlusion,
      truncation,
      box: corners,
      head: inPhoto(head),
      tip: inPhoto(tip),
      mask,
      scale,
    });
  });
  return detections.sort((key, other) => other.score - key.score);
}

/** Return the outputs for a transposed image as outputs for the image itself. */
export function transposeOutputs(outputs: DenseOutputs): DenseOutputs {
  const transposed = new Float32Array(outputs.length);
  const [offsets] = C.OFFSETS as [number, number];
  for (let cell = 0; cell < C.GRID * C.GRID; cell++) {
    const from = CHANNELS * ((cell % C.GRID) * C.GRID + Math.floor(cell / C.GRID));
    transposed.set(outputs.subarray(from, from + CHANNELS), CHANNELS * cell);
    for (const x of [offsets, offsets + 2]) {
      transposed.set([outputs[from + x + 1] as number, outputs[from + x] as number], CHANNELS * cell + x);
    }
  }
  return transposed;
}

/** Return the size, score, occlusion and truncation of a key, pooled over its cells. */
function pool(outputs: DenseOutputs, owner: Int32Array, key: number) {
  const peaks = C.HEATMAPS.map(() => 0);
  const [occlusionChannel, truncationChannel] = [C.HIDDEN[0] as number, (C.HIDDEN[0] as number) + 1];
  let [count, sum, occlusion, truncation] = [0, 0, 0, 0];
  for (let cell = 0; cell < owner.length; cell++) {
    if (owner[cell] !== key) continue;
    const start = cell * CHANNELS;
    count++;
    sum += outputs[start + C.KEY] as number;
    occlusion += outputs[start + occlusionChannel] as number;
    truncation += outputs[start + truncationChannel] as number;
    for (let peak = 0; peak < peaks.length; peak++) {
      peaks[peak] = Math.max(peaks[peak] as number, outputs[start + peak] as number);
    }
  }
  const product = peaks.reduce((all, peak) => all * peak, 1);
  const score = (sum / count) * Math.sqrt(product ** (1 / 3));
  return {
    count,
    score,
    occlusion: clamp(occlusion / count, 0, 1),
    truncation: clamp(truncation / count, 0, 1),
  };
}

/** Return head and tip, px, of a key, corrected by the axis and extent of its mask. */
function refine(keypoints: Keypoints, mask: Mask, blade: Mask, hidden: boolean): readonly [Point, Point] {
  const all = momentsOf(mask, () => true);
  const bow = momentsOf(mask, (i) => !blade.data[i]);
  const bladeMoments = momentsOf(blade, () => true);
  let refined = keypoints;
  if (bladeMoments.count && bow.count) {
    const toBlade: Point = [bladeMoments.mean[0] - bow.mean[0], bladeMoments.mean[1] - bow.mean[1]];
    if (all.major > C.MIN_ELONGATION ** 2 * all.minor) {
      const sign = all.axis[0] * toBlade[0] + all.axis[1] * toBlade[1] >= 0 ? 1 : -1;
      const axis: Point = [sign * all.axis[0], sign * all.axis[1]];
      const [x, y] = all.mean;
      const dot =
        (at(keypoints, 2) - at(keypoints, 0)) * axis[0] + (at(keypoints, 3) - at(keypoints, 1)) * axis[1];
      if (!hidden) {
        refined = Float64Array.of(x - axis[0], y - axis[1], x + axis[0], y + axis[1]);
      } else if (dot < 0) {
        refined = Float64Array.of(at(keypoints, 2), at(keypoints, 3), at(keypoints, 0), at(keypoints, 1));
      }
    }
  }
  return stretchToMask(refined, mask, hidden);
}

/** Return head and tip, moved along the key to the ends of its mask; a hidden key is only lengthened. */
function stretchToMask(keypoints: Keypoints, mask: Mask, hidden: boolean): readonly [Point, Point] {
  const [x, y] = [at(keypoints, 0), at(keypoints, 1)];
  const length = keyLength(keypoints);
  if (length < 1)
    return [
      [x, y],
      [at(keypoints, 2), at(keypoints, 3)],
    ];
  const axis: Point = [(at(keypoints, 2) - x) / length, (at(keypoints, 3) - y) / length];
  const positions = new Float64Array(mask.data.length);
  let count = 0;
  forEachPixel(mask, (px, py) => {
    positions[count++] = (px - x) * axis[0] + (py - y) * axis[1];
  });
  const sorted = positions.subarray(0, count).sort();
  const first = sortedPercentile(sorted, C.EXTENT_PERCENT);
  const last = sortedPercentile(sorted, 100 - C.EXTENT_PERCENT);
  const tolerance = C.MAX_ENDPOINT_ERROR * Math.max(length, last - first);
  const moveHead = Math.abs(first) > tolerance && !(hidden && first > 0);
  const moveTip = Math.abs(last - length) > tolerance && !(hidden && last < length);
  const head: Point = moveHead ? [x + axis[0] * first, y + axis[1] * first] : [x, y];
  const tip: Point = moveTip
    ? [x + axis[0] * last, y + axis[1] * last]
    : [at(keypoints, 2), at(keypoints, 3)];
  return [head, tip];
}

/** First and second moments of a mask's pixels. */
interface Moments {
  readonly count: number;
  readonly mean: Point;
  readonly minor: number; // variance along the minor axis
  readonly major: number; // variance along the major axis
  readonly axis: Point; // unit vector of the major axis
}

function momentsOf(mask: Mask, includes: (i: number) => boolean): Moments {
  let [count, x, y, xx, xy, yy] = [0, 0, 0, 0, 0, 0];
  forEachPixel(mask, (px, py, i) => {
    if (!includes(i)) return;
    count++;
    x += px;
    y += py;
    xx += px * px;
    xy += px * py;
    yy += py * py;
  });
  const mean: Point = [x / count, y / count];
  const divisor = count - 1;
  const a = (xx - x * mean[0]) / divisor;
  const b = (xy - x * mean[1]) / divisor;
  const c = (yy - y * mean[1]) / divisor;
  const half = Math.hypot((a - c) / 2, b);
  const angle = Math.atan2(2 * b, a - c) / 2;
  const middle = (a + c) / 2;
  return {
    count,
    mean,
    minor: middle - half,
    major: middle + half,
    axis: [Math.cos(angle), Math.sin(angle)],
  };
}

function forEachPixel(mask: Mask, visit: (x: number, y: number, i: number) => void): void {
  for (let y = 0, i = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++, i++) {
      if (mask.data[i]) visit(x + 0.5, y + 0.5, i);
    }
  }
}

function maskOf(width: number, height: number, isInside: (x: number, y: number) => boolean): Mask {
  const data = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) if (isInside(x, y)) data[i] = 1;
  }
  return { data, width, height };
}

/** Return one channel of the outputs at the resolution of the network's input. */
function upsample(outputs: DenseOutputs, channel: number): Float32Array {
  const values = new Float32Array(C.GRID * C.GRID);
  for (let cell = 0; cell < values.length; cell++) {
    values[cell] = outputs[cell * CHANNELS + channel] as number;
  }
  return resizeArray(values, [C.GRID, C.GRID], [C.SIDE, C.SIDE]);
}

function at(keypoints: Keypoints, i: number): number {
  return keypoints[i] as number;
}
