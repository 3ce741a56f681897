/**
 * Free places for an upright rectangle among oriented boxes.
 *
 * In:    the rectangle's size; the boxes that it must not overlap; the area in which it must lie
 * Out:   whether a place is free; places beside a box; the free place that is nearest to a point
 * Needs: geometry.ts, overlap.ts
 *
 * Places are the rectangle's middle. Grown by half the rectangle, each box is a convex polygon that the middle must not
 * enter (their Minkowski sum), so that every question is about points.
 */

import type { Box, Point } from './geometry';
import { boundsOf, type Rectangle } from './overlap';

const TOUCHING = 1e-6; // px by which rounding may put a place into a box that it only touches

/** A size, px. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Half plane of the points p with normal . p >= offset; the normal has length 1. */
interface HalfPlane {
  readonly normal: Point;
  readonly offset: number;
}

/** A convex polygon that a place must not enter. */
export interface Barrier {
  readonly planes: readonly HalfPlane[]; // a place is outside if it is in any of them
  readonly corners: readonly Point[]; // in order around it
}

const UPRIGHT: readonly Point[] = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
];

/** Return the barrier around a box for a rectangle of a size. margin: px between the two. */
export function barrierOf(box: Box, { width, height }: Size, margin = 0): Barrier {
  const planes = normalsOf(box).map((normal) => {
    const support = Math.max(...box.map((corner) => dot(normal, corner)));
    const half = (Math.abs(normal[0]) * width + Math.abs(normal[1]) * height) / 2;
    return { normal, offset: support + half + margin };
  });
  const corners = planes.map((plane, i) => cornerOf(plane, planes[(i + 1) % planes.length] as HalfPlane));
  return { planes, corners };
}

/** Return the normals of a box's sides and of an upright rectangle's, each once, in order around the circle. */
function normalsOf(box: Box): Point[] {
  const sides = box.flatMap((corner, i): Point[] => {
    const [dx, dy] = minus(box[(i + 1) % box.length] as Point, corner);
    const length = Math.hypot(dx, dy);
    if (length === 0) return [];
    return [
      [dy / length, -dx / length],
      [-dy / length, dx / length],
    ];
  });
  const sorted = [...UPRIGHT, ...sides]
    .map((normal) => ({ normal, angle: Math.atan2(normal[1], normal[0]) }))
    .sort((one, other) => one.angle - other.angle);
  const distinct: Point[] = [];
  for (const { normal } of sorted) {
    if ([...distinct.slice(-1), ...distinct.slice(0, 1)].every((other) => !areEqual(other, normal)))
      distinct.push(normal);
  }
  return distinct;
}

/** Return whether a place is outside every barrier. */
export function isFree(place: Point, barriers: readonly Barrier[]): boolean {
  return barriers.every(({ planes }) =>
    planes.some(({ normal, offset }) => dot(normal, place) >= offset - TOUCHING),
  );
}

/** Return whether a rectangle at a place lies inside the photo. */
export function isInside([x, y]: Point, size: Size, photo: Size): boolean {
  const [left, top] = [size.width / 2, size.height / 2];
  const isInWidth = x >= left - TOUCHING && x <= photo.width - left + TOUCHING;
  return isInWidth && y >= top - TOUCHING && y <= photo.height - top + TOUCHING;
}

/** Return the place at which a rectangle that is moved from a point in a direction leaves the barrier around it. */
export function exitOf(barrier: Barrier, from: Point, direction: Point): Point {
  const distances = barrier.planes.flatMap(({ normal, offset }) => {
    const towards = dot(normal, direction);
    return towards > 0 ? [(offset - dot(normal, from)) / towards] : [];
  });
  const distance = Math.max(Math.min(...distances), 0);
  return [from[0] + distance * direction[0], from[1] + distance * direction[1]];
}

/**
 * Return the free place in the photo that is nearest to a point; null if there is none.
 *
 * It is the point itself, its foot on an edge of a barrier or of the photo, or where two such edges meet.
 */
export function nearestFree(
  target: Point,
  size: Size,
  photo: Size,
  barriers: readonly Barrier[],
): Point | null {
  let [least, nearest]: [number, Point | null] = [Infinity, null];
  const consider = (place: Point): void => {
    const distance = Math.hypot(...minus(place, target));
    if (distance < least && isInside(place, size, photo) && isFree(place, barriers))
      [least, nearest] = [distance, place];
  };
  consider(target);
  const outlines = [frameFor(photo, size), ...barriers.map(({ corners }) => corners)]
    .map((corners) => ({ corners, bounds: boundsOf(corners) }))
    .map((outline) => ({ ...outline, distance: distanceTo(outline.bounds, target) }))
    .sort((one, other) => one.distance - other.distance);
  for (const [i, { corners, bounds, distance }] of outlines.entries()) {
    if (distance >= least) break; // neither its edges nor where they cross those of the nearer ones
    corners.forEach((corner, j) => {
      consider(corner);
      consider(footOf(target, corner, corners[(j + 1) % corners.length] as Point));
    });
    for (const other of outlines.slice(0, i)) {
      if (doMeet(bounds, other.bounds)) crossings(corners, other.corners).forEach(consider);
    }
  }
  return nearest;
}

/** Return the corners of the area in which a rectangle's middle must be to lie inside the photo. */
function frameFor(photo: Size, { width, height }: Size): Point[] {
  const [left, right, top, bottom] = [
    width / 2,
    photo.width - width / 2,
    height / 2,
    photo.height - height / 2,
  ];
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/** Return the point of a segment that is nearest to a point. */
function footOf(point: Point, start: Point, end: Point): Point {
  const edge = minus(end, start);
  const share = dot(minus(point, start), edge) / Math.max(dot(edge, edge), TOUCHING);
  return along(start, edge, Math.min(Math.max(share, 0), 1));
}

/** Return where the edges of two polygons cross. */
function crossings(polygon: readonly Point[], other: readonly Point[]): Point[] {
  return polygon.flatMap((start, i) => {
    const edge = minus(polygon[(i + 1) % polygon.length] as Point, start);
    return other.flatMap((otherStart, j) => {
      const otherEdge = minus(other[(j + 1) % other.length] as Point, otherStart);
      const crossing = cross(edge, otherEdge);
      if (crossing === 0) return [];
      const between = minus(otherStart, start);
      const [share, otherShare] = [cross(between, otherEdge) / crossing, cross(between, edge) / crossing];
      const areOnBoth = Math.min(share, otherShare) >= 0 && Math.max(share, otherShare) <= 1;
      return areOnBoth ? [along(start, edge, share)] : [];
    });
  });
}

function doMeet(bounds: Rectangle, other: Rectangle): boolean {
  const isInWidth = bounds.x <= other.x + other.width && other.x <= bounds.x + bounds.width;
  return isInWidth && bounds.y <= other.y + other.height && other.y <= bounds.y + bounds.height;
}

/** Return the distance from a point to a rectangle; 0 inside it. */
function distanceTo({ x, y, width, height }: Rectangle, [px, py]: Point): number {
  return Math.hypot(Math.max(x - px, 0, px - x - width), Math.max(y - py, 0, py - y - height));
}

function cornerOf({ normal: [a, b], offset }: HalfPlane, other: HalfPlane): Point {
  const [c, d] = other.normal;
  const determinant = a * d - b * c;
  return [(offset * d - other.offset * b) / determinant, (a * other.offset - c * offset) / determinant];
}

function areEqual(normal: Point, other: Point): boolean {
  return Math.hypot(...minus(normal, other)) < TOUCHING;
}

function along([x, y]: Point, [dx, dy]: Point, share: number): Point {
  return [x + share * dx, y + share * dy];
}

function cross([x, y]: Point, [otherX, otherY]: Point): number {
  return x * otherY - y * otherX;
}

function dot([x, y]: Point, [otherX, otherY]: Point): number {
  return x * otherX + y * otherY;
}

function minus([x, y]: Point, [otherX, otherY]: Point): Point {
  return [x - otherX, y - otherY];
}
