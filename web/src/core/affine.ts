/**
 * Affine transform of an image, exactly as Pillow's `transform` with AFFINE and BILINEAR.
 *
 * In:    RgbaImage; the matrix from output to input coordinates
 * Out:   RgbaImage
 * Needs: geometry.ts, image.ts
 *
 * Source: src/libImaging/Geometry.c of Pillow.
 */

import type { Point } from './geometry';
import { blank, type RgbaImage } from './image';

/** a, b, c, d, e, f: output (x, y) is sampled at input (a x + b y + c, d x + e y + f). */
export type Matrix = readonly [number, number, number, number, number, number];

/** Return where a matrix maps a point to. */
export function apply([a, b, c, d, e, f]: Matrix, [x, y]: Point): Point {
  return [a * x + b * y + c, d * x + e * y + f];
}

/** Return the inverse of a matrix. */
export function inverse([a, b, c, d, e, f]: Matrix): Matrix {
  const determinant = a * e - b * d;
  const [a2, b2, d2, e2] = [e / determinant, -b / determinant, -d / determinant, a / determinant];
  return [a2, b2, -(a2 * c + b2 * f), d2, e2, -(d2 * c + e2 * f)];
}

/** Return the output of a size [width, height]; pixels outside the input are grey. */
export function transform(
  image: RgbaImage,
  [outputWidth, outputHeight]: readonly [number, number],
  matrix: Matrix,
  grey: number,
): RgbaImage {
  const [a, b, c, d, e, f] = matrix;
  const { width, height, data: source } = image;
  const output = blank(outputWidth, outputHeight, grey);
  const data = output.data;
  for (let row = 0, to = 0; row < outputHeight; row++) {
    const y0 = row + 0.5;
    for (let column = 0; column < outputWidth; column++, to += 4) {
      const x0 = column + 0.5;
      const x = a * x0 + b * y0 + c;
      const y = d * x0 + e * y0 + f;
      if (x < 0 || x >= width || y < 0 || y >= height) continue;
      const left = Math.floor(x - 0.5);
      const top = Math.floor(y - 0.5);
      const columnLeft = left < 0 ? 0 : left;
      const columnRight = left + 1 < width ? left + 1 : width - 1;
      const rowTop = (top < 0 ? 0 : top) * width;
      const rowBottom = top + 1 < height ? (top + 1) * width : rowTop;
      const dx = x - 0.5 - left;
      const dy = y - 0.5 - top;
      const topLeft = 4 * (rowTop + columnLeft);
      const topRight = 4 * (rowTop + columnRight);
      const bottomLeft = 4 * (rowBottom + columnLeft);
      const bottomRight = 4 * (rowBottom + columnRight);
      for (let channel = 0; channel < 3; channel++) {
        data[to + channel] = bilinear(
          source[topLeft + channel] as number,
          source[topRight + channel] as number,
          source[bottomLeft + channel] as number,
          source[bottomRight + channel] as number,
          dx,
          dy,
        );
      }
    }
  }
  return output;
}

/** Interpolate between four neighbours; truncated, as Pillow does it. */
function bilinear(
  topLeft: number,
  topRight: number,
  bottomLeft: number,
  bottomRight: number,
  dx: number,
  dy: number,
): number {
  const top = topLeft + (topRight - topLeft) * dx;
  const bottom = bottomLeft + (bottomRight - bottomLeft) * dx;
  return Math.trunc(top + (bottom - top) * dy);
}
