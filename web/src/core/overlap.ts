/**
 * Where oriented boxes overlap.
 *
 * In:    convex polygons: the corners of a Box, of a Rectangle
 * Out:   whether two of them overlap, and their common area
 * Needs: geometry.ts
 *
 * Source: separating axes; Sutherland and Hodgman 1974, Reentrant polygon clipping.
 */

import type { Box, Point } from './geometry';

const TOUCHING = 1e-6; // px by which polygons that only touch may overlap after rounding

/** An upright rectangle, px: its top left corner and its size. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Return the corners of a rectangle. */
export function cornersOf({ x, y, width, height }: Rectangle): Box {
  return [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
  ];
}

/** Return the upright rectangle around points. */
export function boundsOf(points: readonly Point[]): Rectangle {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/** Return whether two convex polygons have an area in common; touching is not overlapping. */
export function doOverlap(polygon: readonly Point[], other: readonly Point[]): boolean {
  return !hasSeparatingEdge(polygon, other) && !hasSeparatingEdge(other, polygon);
}

function hasSeparatingEdge(polygon: readonly Point[], other: readonly Point[]): boolean {
  return polygon.some(([x, y], i) => {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length] as Point;
    const length = Math.hypot(nextX - x, nextY - y);
    if (length === 0) return false;
    const [normalX, normalY] = [(nextY - y) / length, (x - nextX) / length];
    const along = ([px, py]: Point): number => (px - x) * normalX + (py - y) * normalY;
    const [own, others] = [polygon.map(along), other.map(along)];
    const isBefore = Math.max(...own) <= Math.min(...others) + TOUCHING;
    return isBefore || Math.max(...others) <= Math.min(...own) + TOUCHING;
  });
}

/** Return the area that two convex polygons have in common, px². */
export function overlapArea(polygon: readonly Point[], other: readonly Point[]): number {
  const orientation = Math.sign(signedArea(other));
  let rest: readonly Point[] = polygon;
  other.forEach((corner, i) => {
    const next = other[(i + 1) % other.length] as Point;
    rest = clipped(rest, corner, next, orientation);
  });
  return Math.abs(signedArea(rest));
}

/** Return the area of a polygon, px². */
export function areaOf(polygon: readonly Point[]): number {
  return Math.abs(signedArea(polygon));
}

/** Return the part of a polygon on the inner side of an edge. */
function clipped(polygon: readonly Point[], from: Point, to: Point, orientation: number): Point[] {
  const depth = ([x, y]: Point): number =>
    orientation * ((to[0] - from[0]) * (y - from[1]) - (to[1] - from[1]) * (x - from[0]));
  return polygon.flatMap((corner, i) => {
    const next = polygon[(i + 1) % polygon.length] as Point;
    const [here, there] = [depth(corner), depth(next)];
    const kept: Point[] = here >= 0 ? [corner] : [];
    if (here >= 0 === there >= 0) return kept;
    const share = here / (here - there);
    return [
      ...kept,
      [corner[0] + share * (next[0] - corner[0]), corner[1] + share * (next[1] - corner[1])] as const,
    ];
  });
}

function signedArea(polygon: readonly Point[]): number {
  return polygon.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length] as Point;
    return sum + (x * nextY - nextX * y) / 2;
  }, 0);
}
