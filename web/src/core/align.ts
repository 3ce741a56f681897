/**
 * The oriented crop of a detected key: head left, tip right, the whole key inside.
 *
 * In:    head, tip and box of the key; pixels of the photo, possibly read at a reduced scale
 * Out:   OrientedCrop, a rectangle around the key; its pixels
 * Needs: affine.ts, geometry.ts, image.ts, numbers.ts
 *
 * Same results as detect/align.py. A photo is averaged down as a whole, once for each factor that its crops need.
 */

import { type Matrix, transform } from './affine';
import constants from './constants.json';
import { type Box, extent, type Point } from './geometry';
import { type RgbaImage, reduce, reduced } from './image';
import { roundEven } from './numbers';

const C = constants.align;
const { SIZE } = constants.card;

/** A rotated rectangle of a photo, in pixels of the upright original. */
export interface OrientedCrop {
  readonly centre: Point;
  readonly axis: Point; // unit vector from left to right: from head to tip
  readonly width: number; // the height is width / ASPECT_RATIO
}

/** Return the region that contains a key's whole box. */
export function cropAround(head: Point, tip: Point, box: Box): OrientedCrop {
  const [dx, dy] = [tip[0] - head[0], tip[1] - head[1]];
  const length = Math.hypot(dx, dy);
  const [x, y]: Point = length ? [dx / length, dy / length] : [1, 0];
  const [left, right, top, bottom] = extent(box, [x, y]);
  const [u, v] = [(left + right) / 2, (top + bottom) / 2];
  const [boxWidth, boxHeight] = [Math.max(right - left, 1), Math.max(bottom - top, 1)];
  const width = Math.max(boxWidth, C.ASPECT_RATIO * boxHeight) / (1 - 2 * C.MARGIN);
  return { centre: [u * x - v * y, u * y + v * x], axis: [x, y], width };
}

/** Return a region scaled about its centre. */
export function expand(region: OrientedCrop, factor: number): OrientedCrop {
  return { ...region, width: region.width * factor };
}

/**
 * Return the pixels of a region, stretched to (size, size) as the classifier takes them.
 *
 * scale: scale of `pixels` relative to the original; below 1 if the photo was read at a reduced scale.
 */
export function extract(region: OrientedCrop, pixels: RgbaImage, scale = 1, size: number = SIZE): RgbaImage {
  const columns = region.width * scale <= size ? size : roundEven(C.ASPECT_RATIO * size);
  return reduce(resample(region, pixels, scale, [columns, size]), Math.floor(columns / size), 1);
}

/** Return the pixels of a region in its own proportions, (height, ASPECT_RATIO * height). */
export function extractUnstretched(
  region: OrientedCrop,
  pixels: RgbaImage,
  scale: number,
  height: number,
): RgbaImage {
  return resample(region, pixels, scale, [roundEven(C.ASPECT_RATIO * height), height]);
}

/** Return the matrix to px of the photo from px of a region, of a size [width, height]. */
export function toPhoto({ centre, axis, width }: OrientedCrop, size: readonly [number, number]): Matrix {
  const [x, y] = axis;
  const stepAlong = width / size[0];
  const stepAcross = width / C.ASPECT_RATIO / size[1];
  const [a, b, d, e] = [x * stepAlong, -y * stepAcross, y * stepAlong, x * stepAcross];
  const [halfWidth, halfHeight] = [size[0] / 2, size[1] / 2];
  return [
    a,
    b,
    centre[0] - (a * halfWidth + b * halfHeight),
    d,
    e,
    centre[1] - (d * halfWidth + e * halfHeight),
  ];
}

/** Return a region of pixels at a size [width, height]: averaged down, then warped bilinearly. */
function resample(
  region: OrientedCrop,
  pixels: RgbaImage,
  scale: number,
  size: readonly [number, number],
): RgbaImage {
  const factor = reductionOf(region, scale, size[1]);
  const matrix = toPhoto(region, size).map((value) => (value * scale) / factor);
  return transform(reduced(pixels, factor), size, matrix as unknown as Matrix, C.PAD_VALUE);
}

/** Return the factor by which pixels are averaged before they are sampled at a height. */
function reductionOf({ width }: OrientedCrop, scale: number, height: number): number {
  return Math.max(Math.floor((width * scale) / (C.ASPECT_RATIO * height) / C.WARP_SCALE + 0.5), 1);
}
