/**
 * The order in which keys in a photo are read: row by row, each from left to right.
 *
 * In:    the keys' boxes
 * Out:   their indices in reading order
 * Needs: geometry.ts, numbers.ts, overlap.ts
 *
 * From left to right, each key joins the row whose last key is beside it. Only neighbours are compared, and a second pass
 * levels the rows by the slope that the first one finds: photos that are taken by hand are tilted.
 */

import type { Box } from './geometry';
import { median } from './numbers';
import { boundsOf } from './overlap';

const BESIDE = 0.5; // of the lower of two keys' heights, by which they overlap if they are in a row
const MAX_SLOPE = 0.27; // of a row: tan 15°; steeper ones are no rows
const MIN_HEIGHT = 0.5; // of a typical key's longer side: keys that lie flat are low, but in a row with those beside them
const MIN_STEP = 0.5; // of a key's height between two keys in a row, for their slope to mean something

/** The upright extent of a key. */
interface Extent {
  readonly index: number;
  readonly x: number; // of its middle
  readonly y: number;
  readonly top: number;
  readonly bottom: number;
}

type Row = readonly [Extent, ...Extent[]];

/** Return the indices of the keys in reading order. Keys at the same place keep their order. */
export function readingOrder(keys: readonly { readonly box: Box }[]): number[] {
  const tilted = extentsOf(keys.map(({ box }) => box));
  const slope = slopeOf(rowsOf(tilted));
  const rows = rowsOf(tilted.map((key) => levelled(key, slope)));
  return rows
    .map((row) => ({ row, depth: median(row.map(({ y }) => y)) }))
    .sort((one, other) => one.depth - other.depth || one.row[0].x - other.row[0].x)
    .flatMap(({ row }) => row.map(({ index }) => index));
}

/** Return items in reading order, so that their numbers are their places in the list. */
export function inReadingOrder<K extends { readonly box: Box }>(keys: readonly K[]): K[] {
  return readingOrder(keys).map((index) => keys[index] as K);
}

function extentsOf(boxes: readonly Box[]): Extent[] {
  const bounds = boxes.map(boundsOf);
  const typical = bounds.length ? median(bounds.map(({ width, height }) => Math.max(width, height))) : 0;
  return bounds.map(({ x, y, width, height }, index) => {
    const [middle, half] = [y + height / 2, Math.max(height, MIN_HEIGHT * typical) / 2];
    return { index, x: x + width / 2, y: middle, top: middle - half, bottom: middle + half };
  });
}

/** Return a key's extent as if the rows were not tilted. */
function levelled(key: Extent, slope: number): Extent {
  const shift = slope * key.x;
  return { ...key, y: key.y - shift, top: key.top - shift, bottom: key.bottom - shift };
}

function rowsOf(extents: readonly Extent[]): Row[] {
  const rows: [Extent, ...Extent[]][] = [];
  for (const key of [...extents].sort((one, other) => one.x - other.x || one.y - other.y)) {
    let [best, likeness]: [[Extent, ...Extent[]] | null, number] = [null, 0];
    for (const row of rows) {
      const alike = likenessOf(row[row.length - 1] as Extent, key);
      if (alike > likeness) [best, likeness] = [row, alike];
    }
    if (best) best.push(key);
    else rows.push([key]);
  }
  return rows;
}

/** Return how much two keys' extents have in common, 0..1; 0 if they are not in a row. */
function likenessOf(left: Extent, right: Extent): number {
  const common = Math.min(left.bottom, right.bottom) - Math.max(left.top, right.top);
  const [height, otherHeight] = [left.bottom - left.top, right.bottom - right.top];
  if (common < BESIDE * Math.min(height, otherHeight)) return 0;
  return common / Math.max(height + otherHeight - common, 1);
}

/** Return the slope that the rows share: by how much they go down per px to the right. */
function slopeOf(rows: readonly Row[]): number {
  const slopes = rows.flatMap((row) =>
    row.slice(1).flatMap((key, i) => {
      const before = row[i] as Extent;
      const step = key.x - before.x;
      const slope = (key.y - before.y) / step;
      const isMeaningful = step >= MIN_STEP * (key.bottom - key.top) && Math.abs(slope) <= MAX_SLOPE;
      return isMeaningful ? [slope] : [];
    }),
  );
  return slopes.length ? median(slopes) : 0;
}
