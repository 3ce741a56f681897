/**
 * Points and oriented rectangles.
 *
 * In:    Point(s)
 * Out:   the extent of points along and across a direction; the rectangle around a segment
 * Needs: nothing
 *
 * Same results as core/geometry.py.
 */

/** x to the right, y downwards, px. */
export type Point = readonly [number, number];

/** The four corners of an oriented rectangle, in order around it. */
export type Box = readonly [Point, Point, Point, Point];

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
 * Return the rectangle of a width around the segment from start to end.
 *
 * Corners 0 and 3 are at the start, corners 1 and 2 at the end. A segment without length points to the right.
 */
export function segmentBox(start: Point, end: Point, width: number): Box {
  const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
  const length = Math.hypot(dx, dy);
  const [x, y] = length ? [dx / length, dy / length] : [1, 0];
  const [acrossX, acrossY] = [(-y * width) / 2, (x * width) / 2];
  return [
    [start[0] - acrossX, start[1] - acrossY],
    [end[0] - acrossX, end[1] - acrossY],
    [end[0] + acrossX, end[1] + acrossY],
    [start[0] + acrossX, start[1] + acrossY],
  ];
}
