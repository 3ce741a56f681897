/**
 * The order in which keys in a photo are read: row by row, each from left to right.
 *
 * In:    the keys' boxes
 * Out:   their indices in reading order
 * Needs: geometry.ts, numbers.ts, overlap.ts
 *
 * The rows are the partition of the keys with the lowest cost: one for each row, plus the squared distances of the keys'
 * middles from the middle of their row, relative to the keys' heights. So keys that lie slightly higher or lower than
 * those beside them are in one row. Photos that are taken by hand are tilted: of several slopes of the rows, that with
 * the lowest cost is used. For each of them, dynamic programming over the keys from top to bottom finds the partition.
 */

import type { Box } from './geometry';
import { median } from './numbers';
import { boundsOf } from './overlap';

const APART = 0.5; // of a key's height: its distance from its row that costs as much as a row of its own
const MIN_HEIGHT = 0.5; // of a typical key's longer side: keys that lie flat are low, but in a row with those beside them
const MAX_SLOPE = 0.45; // of a row: tan 24°; steeper ones are no rows
const SLOPE_STEP = 0.03;
const SLOPE_COST = 1.5; // of a slope of 1: without need, rows are level
const LEAST_FOR_SLOPE = 3; // keys: two are on a line of any slope
const EQUAL = 1e-9; // difference of costs that is rounding

/** Slopes to be tried, the lowest first. */
const SLOPES = Array.from(
  { length: Math.round(MAX_SLOPE / SLOPE_STEP) + 1 },
  (_, i) => SLOPE_STEP * i,
).flatMap((slope) => (slope ? [slope, -slope] : [0]));

/** The middle of a key. */
interface Middle {
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly weight: number; // of its squared distance from its row
}

/** Keys in rows from top to bottom. */
interface Rows {
  readonly rows: readonly (readonly Middle[])[];
  readonly cost: number;
}

/** Return the indices of the keys in reading order. Keys at the same place keep their order. */
export function readingOrder(keys: readonly { readonly box: Box }[]): number[] {
  const middles = middlesOf(keys.map(({ box }) => box));
  let best: Rows = { rows: [], cost: Number.POSITIVE_INFINITY };
  for (const slope of middles.length < LEAST_FOR_SLOPE ? [0] : SLOPES) {
    const { rows, cost } = rowsOf(middles.map((key) => ({ ...key, y: key.y - slope * key.x })));
    const total = cost + SLOPE_COST * Math.abs(slope);
    if (total < best.cost - EQUAL) best = { rows, cost: total };
  }
  return best.rows.flatMap((row) =>
    [...row].sort((one, other) => one.x - other.x || one.y - other.y).map(({ index }) => index),
  );
}

/** Return items in reading order, so that their numbers are their places in the list. */
export function inReadingOrder<K extends { readonly box: Box }>(keys: readonly K[]): K[] {
  return readingOrder(keys).map((index) => keys[index] as K);
}

function middlesOf(boxes: readonly Box[]): Middle[] {
  const bounds = boxes.map(boundsOf);
  const typical = bounds.length ? median(bounds.map(({ width, height }) => Math.max(width, height))) : 0;
  return bounds.map(({ x, y, width, height }, index) => {
    const apart = APART * Math.max(height, MIN_HEIGHT * typical, 1);
    return { index, x: x + width / 2, y: y + height / 2, weight: 1 / apart ** 2 };
  });
}

/** Return the rows with the lowest cost; of equal ones, those with more keys above. */
function rowsOf(middles: readonly Middle[]): Rows {
  const sorted = [...middles].sort((one, other) => one.y - other.y || one.x - other.x);
  const costs = [0]; // of the first n keys
  const starts: number[] = [0]; // of the last row of the first n keys
  for (let end = 1; end <= sorted.length; end++) {
    costs.push(Number.POSITIVE_INFINITY);
    let [weight, mean, squares] = [0, 0, 0]; // of the row from `start` to `end`
    for (let start = end - 1; start >= 0; start--) {
      const { y, weight: own } = sorted[start] as Middle;
      weight += own;
      const away = y - mean;
      mean += (own / weight) * away;
      squares += own * away * (y - mean);
      const cost = (costs[start] as number) + 1 + squares;
      if (cost < (costs[end] as number) - EQUAL) [costs[end], starts[end]] = [cost, start];
    }
  }
  const rows: Middle[][] = [];
  for (let end = sorted.length; end > 0; end = starts[end] as number)
    rows.unshift(sorted.slice(starts[end], end));
  return { rows, cost: costs[sorted.length] as number };
}
