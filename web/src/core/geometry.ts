/**
 * Points, masks and oriented rectangles.
 *
 * In:    Mask, Point(s)
 * Out:   the corners of a mask's outline; the oriented rectangle around points
 * Needs: nothing
 *
 * Same results as core/geometry.py.
 */

/** x to the right, y downwards, px. */
export type Point = readonly [number, number];

/** Row-major; 1 inside, 0 outside. */
export interface Mask {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** The four corners of an oriented rectangle, in order around it. */
export type Box = readonly [Point, Point, Point, Point];

/** Return the corners of the first and last pixel of each row: their bounding rectangles are the mask's. */
export function maskCorners(mask: Mask): Point[] {
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

/** Return the range of points along a unit vector and across it: [min, max, min, max]. */
export function extent(points: readonly Point[], [x, y]: Point): readonly [number, number, number, number] {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [px, py] of points) {
    const along = px * x + py * y;
    const across = py * x - px * y;
    left = Math.min(left, along);
    right = Math.max(right, along);
    top = Math.min(top, across);
    bottom = Math.max(bottom, across);
  }
  return [left, right, top, bottom];
}

/**
 * Return the rectangle around one or more points, aligned with a direction.
 *
 * Corners 0 and 3 are at its start, corners 1 and 2 at its end. A zero vector means to the right.
 */
export function orientedRectangle(points: readonly Point[], direction: Point): Box {
  const length = Math.hypot(direction[0], direction[1]);
  const [x, y] = length ? [direction[0] / length, direction[1] / length] : [1, 0];
  const [left, right, top, bottom] = extent(points, [x, y]);
  const corner = (along: number, across: number): Point => [along * x - across * y, along * y + across * x];
  return [corner(left, top), corner(right, top), corner(right, bottom), corner(left, bottom)];
}
