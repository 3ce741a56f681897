/**
 * A key found in a photo -> its crop: head left, tip right, the whole key in it.
 *
 * In:    head, tip and box of the key; pixels of the photo, perhaps read at a reduced scale
 * Out:   Cut, the slim rectangle around the key; crops
 * Needs: affine.ts, masks.ts, picture.ts, resize.ts
 *
 * The same as straighten.py.
 */

import { transform } from './affine';
import constants from './constants.json';
import { type Box, extent } from './masks';
import { clamp, roundEven } from './numbers';
import { type Picture, type Point, reduce } from './picture';
import { BOX, resize } from './resize';

const C = constants.align;
const { SIZE } = constants.card;
const { BEYOND } = constants.detector;

/** A rectangle of a photo, in pixels of the upright original. */
export interface Cut {
  readonly middle: Point;
  readonly along: Point; // unit vector from its left to its right side: from the head to the tip
  readonly width: number; // its height is width / SLIM
}

/** Return the cut around a key; all of the box fits in, also that of a key that is wider than long. */
export function cutAround(head: Point, tip: Point, box: Box): Cut {
  const [dx, dy] = [tip[0] - head[0], tip[1] - head[1]];
  const length = Math.hypot(dx, dy);
  const [x, y]: Point = length ? [dx / length, dy / length] : [1, 0];
  const [left, right, top, bottom] = extent(box, [x, y]);
  const [u, v] = [(left + right) / 2, (top + bottom) / 2];
  const [width, height] = [Math.max(right - left, 1), Math.max(bottom - top, 1)];
  const whole = Math.max(width, C.SLIM * height) / (1 - 2 * C.MARGIN);
  return { middle: [u * x - v * y, u * y + v * x], along: [x, y], width: whole };
}

/** Return the cut that shows so many times as much to either side. */
export function wider(cut: Cut, factor: number): Cut {
  return { ...cut, width: cut.width * factor };
}

/**
 * Return the cut of pixels as a square of `size` px, resampled once.
 *
 * ratio: of `pixels` for one of the original; below 1 if they were read at a reduced scale.
 */
export function takenFrom(cut: Cut, pixels: Picture, ratio = 1, size: number = SIZE): Picture {
  const fine = clamp(Math.ceil((cut.width * ratio) / size), 1, C.FINEST);
  const side = size * fine;
  const [x, y] = cut.along;
  const wide = (cut.width * ratio) / side;
  const high = ((cut.width / C.SLIM) * ratio) / side;
  const [a, b, c, d] = [x * wide, -y * high, y * wide, x * high];
  const half = side / 2;
  const left = cut.middle[0] * ratio - (a * half + b * half);
  const top = cut.middle[1] * ratio - (c * half + d * half);
  return reduce(transform(pixels, side, [a, b, left, c, d, top], BEYOND), fine);
}

/** Return the cut as it is, not stretched, (height, SLIM * height): what a person is shown. */
export function shownFrom(cut: Cut, pixels: Picture, ratio: number, height: number): Picture {
  const width = roundEven(C.SLIM * height);
  return resize(takenFrom(cut, pixels, ratio, width), width, height, BOX);
}
