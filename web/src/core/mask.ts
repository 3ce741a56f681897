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
  const corners: Point[] = [];
  for (let row = 0; row < height; row++) {
    let [first, last] = [-1, -1];
    for (let column = 0; column < width; column++) {
      if (probabilityAt(cells, (column + 0.5) / C.OVERSAMPLING, (row + 0.5) / C.OVERSAMPLING) < C.THRESHOLD)
        continue;
      if (first < 0) first = column;
      last = column;
    }
    if (first >= 0) corners.push([first, row], [first, row + 1], [last + 1, row], [last + 1, row + 1]);
  }
  return corners;
}

/** Return the probability at a point of the mask, between four cells, as Pillow interpolates it. */
function probabilityAt(cells: Float32Array, x: number, y: number): number {
  const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
  const [dx, dy] = [x - 0.5 - left, y - 0.5 - top];
  const at = (row: number, column: number): number =>
    cells[
      Math.min(Math.max(row, 0), ROWS - 1) * COLUMNS + Math.min(Math.max(column, 0), COLUMNS - 1)
    ] as number;
  const above = at(top, left) + (at(top, left + 1) - at(top, left)) * dx;
  const below = at(top + 1, left) + (at(top + 1, left + 1) - at(top + 1, left)) * dx;
  return above + (below - above) * dy;
}
