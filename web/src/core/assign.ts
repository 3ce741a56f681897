/**
 * The detector's dense outputs -> the keys, and the key to which each grid cell belongs.
 *
 * In:    DenseOutputs
 * Out:   the key of each cell; the keypoints of each key
 * Needs: trace.ts, numbers.ts
 *
 * Same results as detect/postprocess.py: each peak in the votes for tips is a key, and a cell belongs to the key whose
 * keypoints are nearest to its own.
 */

import constants from './constants.json';
import { median, percentile } from './numbers';
import { CHANNELS, cellCentre, type DenseOutputs, type Keypoints, traceKeypoints } from './trace';

const C = constants.postprocess;

// Single precision, as in NumPy's comparisons with the outputs.
export const MASK_THRESHOLD = Math.fround(C.MASK_THRESHOLD);
const ASSIGN_THRESHOLD = Math.fround(C.ASSIGN_THRESHOLD);
const PADDING = Math.floor(C.GRID / 4); // cells around the image, for tips outside the frame
const VOTE_GRID = C.GRID + 2 * PADDING;
const KERNEL_RADIUS = Math.ceil(3 * C.VOTE_SIGMA); // cells
const LENGTH_PERCENTILES = [2, 98] as const; // of a cell's position along its key
const WIDTH_PERCENTILE = 97; // of its distance from the axis

/** Return the key of each cell, -1 for none, and the keypoints of each key. */
export function assignCells(outputs: DenseOutputs): { owner: Int32Array; keys: Keypoints[] } {
  const cells: number[] = [];
  const keypoints: Keypoints[] = [];
  const voters: Keypoints[] = [];
  for (let cell = 0; cell < C.GRID * C.GRID; cell++) {
    const score = outputs[cell * CHANNELS + C.KEY] as number;
    if (score < ASSIGN_THRESHOLD) continue;
    const traced = traceKeypoints(outputs, cell);
    cells.push(cell);
    keypoints.push(traced);
    if (score >= MASK_THRESHOLD) voters.push(traced);
  }
  const keys = findKeys(voters);
  const owners = mergeContained(
    cells,
    keypoints.map((traced) => nearestKey(traced, keys)),
    keys,
  );
  const owner = new Int32Array(C.GRID * C.GRID).fill(-1);
  cells.forEach((cell, i) => {
    owner[cell] = owners[i] as number;
  });
  return { owner, keys };
}

/** Return the distance from head to tip. */
export function keyLength(key: Keypoints): number {
  return Math.hypot(at(key, 2) - at(key, 0), at(key, 3) - at(key, 1));
}

/** Return the mean keypoint distance of two keys, heads and tips possibly swapped, relative to the longer key. */
export function keypointDistance(key: Keypoints, other: Keypoints): number {
  const swapped = Float64Array.of(at(key, 2), at(key, 3), at(key, 0), at(key, 1));
  const distance = Math.min(meanDistance(key, other), meanDistance(swapped, other));
  return distance / Math.max(keyLength(key), keyLength(other), C.STRIDE);
}

function meanDistance(key: Keypoints, other: Keypoints): number {
  const heads = Math.hypot(at(key, 0) - at(other, 0), at(key, 1) - at(other, 1));
  return (heads + tipDistance(key, other)) / 2;
}

function tipDistance(key: Keypoints, other: Keypoints): number {
  return Math.hypot(at(key, 2) - at(other, 2), at(key, 3) - at(other, 3));
}

/** Return the index of the nearest key, -1 if none is near enough. */
function nearestKey(keypoints: Keypoints, keys: readonly Keypoints[]): number {
  let [nearest, minDistance] = [-1, Number.POSITIVE_INFINITY];
  keys.forEach((key, i) => {
    const distance = meanDistance(keypoints, key) / Math.max(keyLength(key), C.STRIDE);
    if (distance < minDistance) [nearest, minDistance] = [i, distance];
  });
  return minDistance <= C.MAX_ASSIGN_DISTANCE ? nearest : -1;
}

/** Return the keypoints of each key: one key per peak of the votes for tips, most votes first. */
function findKeys(voters: readonly Keypoints[]): Keypoints[] {
  const votes = blur(countVotes(voters));
  const peaks: number[] = [];
  votes.forEach((count, cell) => {
    if (count >= C.MIN_VOTES && isLocalMaximum(votes, cell)) peaks.push(cell);
  });
  peaks.sort((peak, other) => (votes[other] as number) - (votes[peak] as number) || peak - other);
  const keys: Keypoints[] = [];
  for (const peak of peaks) {
    const x = cellCentre((peak % VOTE_GRID) - PADDING);
    const y = cellCentre(Math.floor(peak / VOTE_GRID) - PADDING);
    const near = voters.filter(
      (vote) => Math.hypot(at(vote, 2) - x, at(vote, 3) - y) <= 2 * C.VOTE_SIGMA * C.STRIDE,
    );
    if (near.length < C.MIN_CELLS) continue;
    const key = Float64Array.from({ length: 4 }, (_, i) => median(near.map((vote) => at(vote, i))));
    if (!keys.some((other) => isDuplicate(key, other))) keys.push(key);
  }
  return keys;
}

/** Return the number of traced tips in each cell of the padded grid. */
function countVotes(voters: readonly Keypoints[]): Float64Array {
  const votes = new Float64Array(VOTE_GRID * VOTE_GRID);
  const index = (value: number): number =>
    Math.min(Math.max(Math.floor(value / C.STRIDE) + PADDING, 0), VOTE_GRID - 1);
  for (const vote of voters) {
    const cell = index(at(vote, 3)) * VOTE_GRID + index(at(vote, 2));
    votes[cell] = (votes[cell] as number) + 1;
  }
  return votes;
}

/** Return the votes after a Gaussian blur whose peak weight is 1. */
function blur(votes: Float64Array): Float64Array {
  const kernel = Array.from({ length: 2 * KERNEL_RADIUS + 1 }, (_, tap) =>
    Math.exp(-((tap - KERNEL_RADIUS) ** 2) / (2 * C.VOTE_SIGMA ** 2)),
  );
  const convolve = (values: Float64Array, step: number, cellOf: (line: number, i: number) => number) => {
    const sums = new Float64Array(values.length);
    for (let line = 0; line < VOTE_GRID; line++) {
      for (let i = 0; i < VOTE_GRID; i++) {
        let sum = 0;
        const cell = cellOf(line, i);
        for (let tap = -KERNEL_RADIUS; tap <= KERNEL_RADIUS; tap++) {
          if (i + tap < 0 || i + tap >= VOTE_GRID) continue;
          sum += (values[cell + tap * step] as number) * (kernel[tap + KERNEL_RADIUS] as number);
        }
        sums[cell] = sum;
      }
    }
    return sums;
  };
  const columns = convolve(votes, VOTE_GRID, (line, i) => i * VOTE_GRID + line);
  return convolve(columns, 1, (line, i) => line * VOTE_GRID + i);
}

/** Return whether none of the eight neighbours has more votes. */
function isLocalMaximum(votes: Float64Array, cell: number): boolean {
  const [x, y] = [cell % VOTE_GRID, Math.floor(cell / VOTE_GRID)];
  for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, VOTE_GRID - 1); row++) {
    for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, VOTE_GRID - 1); column++) {
      if ((votes[row * VOTE_GRID + column] as number) > (votes[cell] as number)) return false;
    }
  }
  return true;
}

/** Return whether two keys have nearby tips and similar directions. */
function isDuplicate(key: Keypoints, other: Keypoints): boolean {
  const [length, otherLength] = [Math.max(keyLength(key), C.STRIDE), Math.max(keyLength(other), C.STRIDE)];
  const dot =
    (at(key, 2) - at(key, 0)) * (at(other, 2) - at(other, 0)) +
    (at(key, 3) - at(key, 1)) * (at(other, 3) - at(other, 1));
  const maxDistance = C.TIP_NMS_DISTANCE * Math.max(length, otherLength);
  return dot > C.TIP_NMS_COSINE * length * otherLength && tipDistance(key, other) <= maxDistance;
}

/** Return the key of each cell after keys inside a larger key's rectangle are merged into that key. */
function mergeContained(
  cells: readonly number[],
  owners: readonly number[],
  keys: readonly Keypoints[],
): number[] {
  const cellsOf = keys.map((_, key) => cells.filter((_, i) => owners[i] === key));
  const count = (key: number): number => (cellsOf[key] as number[]).length;
  const bySize = [...keys.keys()].filter(count).sort((key, other) => count(other) - count(key));
  const rectangles = bySize.map((key) => rectangleOf(cellsOf[key] as number[], keys[key] as Keypoints));
  let merged = [...owners];
  for (let i = bySize.length - 1; i > 0; i--) {
    const key = bySize[i] as number;
    const container = rectangles
      .slice(0, i)
      .findIndex((larger) => shareInside(cellsOf[key] as number[], larger) >= C.CONTAINMENT);
    if (container >= 0)
      merged = merged.map((owner) => (owner === key ? (bySize[container] as number) : owner));
  }
  return merged;
}

/** An enlarged rectangle around a key, in coordinates along and across it. */
interface Rectangle {
  readonly toKey: (cell: number) => readonly [along: number, across: number];
  readonly start: number; // along
  readonly end: number;
  readonly halfWidth: number;
}

/** Return the enlarged rectangle around a key's cells and keypoints. */
function rectangleOf(cells: readonly number[], key: Keypoints): Rectangle {
  const length = Math.max(keyLength(key), C.STRIDE);
  const [x, y] = [(at(key, 2) - at(key, 0)) / length, (at(key, 3) - at(key, 1)) / length];
  const toKey = (cell: number): readonly [number, number] => {
    const dx = cellCentre(cell % C.GRID) - at(key, 0);
    const dy = cellCentre(Math.floor(cell / C.GRID)) - at(key, 1);
    return [dx * x + dy * y, dy * x - dx * y];
  };
  const points = cells.map(toKey);
  const along = points.map(([position]) => position);
  const across = points.map(([, distance]) => Math.abs(distance));
  return {
    toKey,
    start: Math.min(percentile(along, LENGTH_PERCENTILES[0]), 0) - C.BOX_MARGIN * length,
    end: Math.max(percentile(along, LENGTH_PERCENTILES[1]), length) + C.BOX_MARGIN * length,
    halfWidth: C.BOX_SCALE * percentile(across, WIDTH_PERCENTILE) + C.STRIDE / 2,
  };
}

/** Return the share of cells inside a rectangle. */
function shareInside(cells: readonly number[], { toKey, start, end, halfWidth }: Rectangle): number {
  const inside = cells
    .map(toKey)
    .filter(([along, across]) => along >= start && along <= end && Math.abs(across) <= halfWidth);
  return inside.length / cells.length;
}

function at(keypoints: Keypoints, i: number): number {
  return keypoints[i] as number;
}
