/**
 * Masks, and rectangles around them.
 *
 * In:    Mask
 * Out:   its middles and corners; the turned rectangle around it
 * Needs: picture.ts
 *
 * The same as masks.py.
 */

import type { Point } from './picture';

/** Which pixels are meant: 1, the others 0. */
export interface Mask {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Four corners, going round. */
export type Box = readonly [Point, Point, Point, Point];

/** Return the corners of a mask's outermost pixels: all that can touch a rectangle. */
export function cornersOf(mask: Mask): Point[] {
  const corners: Point[] = [];
  for (let row = 0; row < mask.height; row++) {
    const start = row * mask.width;
    const first = mask.data.indexOf(1, start) - start;
    if (first < 0 || first >= mask.width) continue;
    const last = mask.data.lastIndexOf(1, start + mask.width - 1) - start;
    corners.push([first, row], [last + 1, row], [first, row + 1], [last + 1, row + 1]);
  }
  return corners;
}

/** Return how far points reach along a direction of length 1, and across it: from, to, from, to. */
export function extent(points: readonly Point[], [x, y]: Point): readonly [number, number, number, number] {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [px, py] of points) {
    const along = px * x + py * y;
    const over = py * x - px * y;
    left = Math.min(left, along);
    right = Math.max(right, along);
    top = Math.min(top, over);
    bottom = Math.max(bottom, over);
  }
  return [left, right, top, bottom];
}

/**
 * Return the rectangle around points, at least one, that lies along a direction.
 *
 * Its corners go round from the beginning: those where `direction` comes from, or that are to the left where it
 * has no length, are the first and the last.
 */
export function rectangleAlong(points: readonly Point[], direction: Point): Box {
  const length = Math.hypot(direction[0], direction[1]);
  const [x, y] = length ? [direction[0] / length, direction[1] / length] : [1, 0];
  const [left, right, top, bottom] = extent(points, [x, y]);
  const back = (along: number, over: number): Point => [along * x - over * y, along * y + over * x];
  return [back(left, top), back(right, top), back(right, bottom), back(left, bottom)];
}
