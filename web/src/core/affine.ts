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
import { blank, OPAQUE, packed, type RgbaImage } from './image';

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
  const { width, height } = image;
  const source = packed(image);
  const output = blank(outputWidth, outputHeight, grey);
  const pixels = packed(output);
  for (let row = 0, to = 0; row < outputHeight; row++) {
    const [x0, y0] = [b * (row + 0.5) + c, e * (row + 0.5) + f];
    for (let column = 0; column < outputWidth; column++, to++) {
      const x = a * (column + 0.5) + x0;
      const y = d * (column + 0.5) + y0;
      if (x < 0 || x >= width || y < 0 || y >= height) continue;
      const left = Math.floor(x - 0.5);
      const top = Math.floor(y - 0.5);
      const columnLeft = left < 0 ? 0 : left;
      const columnRight = left + 1 < width ? left + 1 : width - 1;
      const rowTop = (top < 0 ? 0 : top) * width;
      const rowBottom = top + 1 < height ? (top + 1) * width : rowTop;
      pixels[to] = bilinear(
        source[rowTop + columnLeft] as number,
        source[rowTop + columnRight] as number,
        source[rowBottom + columnLeft] as number,
        source[rowBottom + columnRight] as number,
        x - 0.5 - left,
        y - 0.5 - top,
      );
    }
  }
  return output;
}

/** Interpolate between four neighbouring packed pixels; truncated, as Pillow does it. */
function bilinear(
  topLeft: number,
  topRight: number,
  bottomLeft: number,
  bottomRight: number,
  dx: number,
  dy: number,
): number {
  let pixel = OPAQUE;
  for (let shift = 0; shift < 24; shift += 8) {
    const first = (topLeft >>> shift) & 0xff;
    const second = (bottomLeft >>> shift) & 0xff;
    const top = first + (((topRight >>> shift) & 0xff) - first) * dx;
    const bottom = second + (((bottomRight >>> shift) & 0xff) - second) * dx;
    pixel |= (top + (bottom - top) * dy) << shift; // the shift truncates
  }
  return pixel;
}
