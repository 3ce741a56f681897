/**
 * Which cells of a key's aligned crop are the key, and how wide it is there.
 *
 * In:    the probabilities of the cells; the region that they cover
 * Out:   the key's width, px of the photo
 * Needs: affine.ts, align.ts, geometry.ts
 *
 * Same results as detect/key_mask.py.
 */

import { apply, inverse } from './affine';
import { type OrientedCrop, toPhoto } from './align';
import constants from './constants.json';
import { extent, type Point } from './geometry';

const C = constants.key_mask;
const [ROWS, COLUMNS] = constants.refiner.MASK_SHAPE as [number, number, number];

/** Return the key's extent across the line from head to tip, px of the photo; 0 if it has no cell. */
export function maskWidth(cells: Float32Array, region: OrientedCrop, head: Point, tip: Point): number {
  const [width, height] = [C.OVERSAMPLING * COLUMNS, C.OVERSAMPLING * ROWS];
  const fromPhoto = inverse(toPhoto(region, [width, height]));
  const [start, end] = [apply(fromPhoto, head), apply(fromPhoto, tip)];
  const length = Math.max(Math.hypot(end[0] - start[0], end[1] - start[1]), 1e-9);
  const direction: Point = [(end[0] - start[0]) / length, (end[1] - start[1]) / length];
  const corners = rowEnds(cells, width, height);
  if (corners.length === 0) return 0;
  const [, , low, high] = extent(corners, direction);
  return (region.width / width) * Math.max(high - low, 1);
}

/** Return the corners of each row's first and last sample that is the key. */
function rowEnds(cells: Float32Array, width: number, height: number): Point[] {
  const wide = widened(cells, width);
  const corners: Point[] = [];
  for (let row = 0; row < height; row++) {
    const [above, below, share] = neighbours(row, ROWS);
    const isKey = (column: number): boolean => {
      const upper = wide[above * width + column] as number;
      return upper + ((wide[below * width + column] as number) - upper) * share >= C.THRESHOLD;
    };
    let first = 0;
    while (first < width && !isKey(first)) first++;
    if (first === width) continue;
    let last = width - 1;
    while (!isKey(last)) last--;
    corners.push([first, row], [first, row + 1], [last + 1, row], [last + 1, row + 1]);
  }
  return corners;
}

/** Return the probabilities of the cells' rows between the cells, `width` a row, as Pillow interpolates them. */
function widened(cells: Float32Array, width: number): Float64Array {
  const wide = new Float64Array(ROWS * width);
  for (let column = 0; column < width; column++) {
    const [left, right, share] = neighbours(column, COLUMNS);
    for (let row = 0; row < ROWS; row++) {
      const first = cells[row * COLUMNS + left] as number;
      wide[row * width + column] = first + ((cells[row * COLUMNS + right] as number) - first) * share;
    }
  }
  return wide;
}

/** Return the two cells of a row or column between which a sample is, and the share of the second. */
function neighbours(sample: number, count: number): [first: number, second: number, share: number] {
  const position = (sample + 0.5) / C.OVERSAMPLING - 0.5;
  const first = Math.floor(position);
  return [Math.max(first, 0), Math.min(first + 1, count - 1), position - first];
}
