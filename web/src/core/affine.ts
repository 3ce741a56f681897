/**
 * A turned and scaled part of a picture, exactly as Pillow's `transform` with AFFINE and BILINEAR takes it.
 *
 * In:    Picture; where each pixel of the result comes from
 * Out:   Picture
 * Needs: picture.ts
 *
 * Source: src/libImaging/Geometry.c of Pillow.
 */

import { blank, type Picture } from './picture';

/** a, b, c, d, e, f: the pixel at x, y is taken from a x + b y + c, d x + e y + f. */
export type Matrix = readonly [number, number, number, number, number, number];

/** Return (side, side) pixels of a picture; what lies outside it is grey. */
export function transform(picture: Picture, side: number, matrix: Matrix, grey: number): Picture {
  const [a, b, c, d, e, f] = matrix;
  const { width, height, data: from } = picture;
  const taken = blank(side, side, grey);
  const data = taken.data;
  for (let row = 0, to = 0; row < side; row++) {
    const y0 = row + 0.5;
    for (let column = 0; column < side; column++, to += 4) {
      const x0 = column + 0.5;
      const x = a * x0 + b * y0 + c;
      const y = d * x0 + e * y0 + f;
      if (x < 0 || x >= width || y < 0 || y >= height) continue;
      const left = Math.floor(x - 0.5);
      const top = Math.floor(y - 0.5);
      const right = left + 1 < width ? left + 1 : width - 1;
      const near = left < 0 ? 0 : left;
      const upper = (top < 0 ? 0 : top) * width;
      const lower = top + 1 < height ? (top + 1) * width : upper;
      const along = x - 0.5 - left;
      const below = y - 0.5 - top;
      const one = 4 * (upper + near);
      const two = 4 * (upper + right);
      const three = 4 * (lower + near);
      const four = 4 * (lower + right);
      data[to] = mixed(from, one, two, three, four, along, below);
      data[to + 1] = mixed(from, one + 1, two + 1, three + 1, four + 1, along, below);
      data[to + 2] = mixed(from, one + 2, two + 2, three + 2, four + 2, along, below);
    }
  }
  return taken;
}

/** Return the mean of four pixels' channel, each counted by how near it is; cut off, as Pillow does it. */
function mixed(
  from: Picture['data'],
  one: number,
  two: number,
  three: number,
  four: number,
  along: number,
  below: number,
): number {
  const p = from[one] as number;
  const q = from[three] as number;
  const high = p + ((from[two] as number) - p) * along;
  const low = q + ((from[four] as number) - q) * along;
  return Math.trunc(high + (low - high) * below);
}
