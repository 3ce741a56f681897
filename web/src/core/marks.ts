/**
 * Where on the photo something is that is known on the aligned crop of a key: a kind's mark, a place of the heat map.
 *
 * In:    a key's box, head and tip, px of the photo; coordinates u, v of its crop, 0..1 from head to tip and across
 * Out:   points, boxes and rings on the photo, px
 * Needs: affine.ts, align.ts, constants.json, geometry.ts
 *
 * The crop is the one that the classifier saw, so the page needs nothing but the answer to find it.
 */

import { apply, inverse, type Matrix } from './affine';
import { cropAround, toPhoto } from './align';
import constants from './constants.json';
import type { Box, Point } from './geometry';

const { GRID } = constants.model;
const UNIT: readonly [number, number] = [1, 1]; // size of a crop in u, v

/** A part of a crop: left, top, right, bottom, each 0..1. */
export type CropRegion = readonly [number, number, number, number];

/** A key with a crop of its own. A KeyResult of the engine is one; without head and tip, the crop is all of the box. */
export interface MarkedKey {
  readonly box: Box;
  readonly head: Point | null; // null: the whole photo was classified
  readonly tip: Point | null;
}

/** An ellipse on the photo, px; turned clockwise about its centre, as SVG's rotate() does. */
export interface Ring {
  readonly centre: Point;
  readonly radiusAlong: number; // along the key
  readonly radiusAcross: number;
  readonly degrees: number;
}

/** Return where a point of the crop is on the photo. */
export function pointOnPhoto(key: MarkedKey, point: Point): Point {
  return apply(matrixOf(key), point);
}

/** Return where a point of the photo is on the crop; outside of 0..1 if the crop does not show it. */
export function pointOnCrop(key: MarkedKey, point: Point): Point {
  return apply(inverse(matrixOf(key)), point);
}

/** Return the corners of a part of the crop on the photo, in the order of a Box: those at the head are 0 and 3. */
export function markOnPhoto(key: MarkedKey, [left, top, right, bottom]: CropRegion): Box {
  const matrix = matrixOf(key);
  return [
    apply(matrix, [left, top]),
    apply(matrix, [right, top]),
    apply(matrix, [right, bottom]),
    apply(matrix, [left, bottom]),
  ];
}

/** Return the ellipse around a part of the crop that touches its sides. */
export function ringOnPhoto(key: MarkedKey, region: CropRegion): Ring {
  const [first, second, third] = markOnPhoto(key, region);
  return {
    centre: [(first[0] + third[0]) / 2, (first[1] + third[1]) / 2],
    radiusAlong: Math.hypot(second[0] - first[0], second[1] - first[1]) / 2,
    radiusAcross: Math.hypot(third[0] - second[0], third[1] - second[1]) / 2,
    degrees: (Math.atan2(second[1] - first[1], second[0] - first[0]) * 180) / Math.PI,
  };
}

/**
 * Return where on the crop the evidence is, [u, v]: its centre of mass over the cells of at least half the maximum.
 *
 * map: (GRID, GRID) class map, as gradcam.ts's classMap returns it; null if it has no evidence.
 */
export function evidenceCentre(map: Float32Array): Point | null {
  const most = map.reduce((max, value) => Math.max(max, value), 0);
  if (!(most > 0)) return null;
  let [u, v, sum] = [0, 0, 0];
  map.forEach((value, i) => {
    if (value < most / 2) return;
    u += value * (((i % GRID) + 0.5) / GRID);
    v += value * ((Math.floor(i / GRID) + 0.5) / GRID);
    sum += value;
  });
  return [u / sum, v / sum];
}

/** Return the matrix from u, v to px of the photo. */
function matrixOf({ box, head, tip }: MarkedKey): Matrix {
  if (head && tip) return toPhoto(cropAround(head, tip, box), UNIT);
  const [origin, right, , below] = box;
  const [along, across] = [
    [right[0] - origin[0], right[1] - origin[1]],
    [below[0] - origin[0], below[1] - origin[1]],
  ] as const;
  return [along[0], across[0], origin[0], along[1], across[1], origin[1]];
}
