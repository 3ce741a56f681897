/**
 * Class maps -> where in the picture the evidence for a kind stands, drawn over it.
 *
 * In:    Picture; the map of a kind (GRID, GRID)
 * Out:   Picture
 * Needs: numbers.ts, picture.ts, resize.ts
 *
 * The same as explain.py: dark blue, teal, green, yellow; readable in grey and by the colour-blind.
 */

import constants from './constants.json';
import { clamp, roundEven } from './numbers';
import type { Picture } from './picture';
import { BICUBIC, resizeField } from './resize';

const { COLOURS, STRENGTH } = constants.gradcam;
const { GRID } = constants.model;

/** Return the map of a kind out of those of all. */
export function mapOf(maps: Float32Array, kinds: number, place: number): Float32Array {
  return Float32Array.from({ length: GRID * GRID }, (_, at) => maps[at * kinds + place] as number);
}

/** Return the largest evidence of a map; 0: no place speaks for the kind, which is said, not drawn. */
export function topOf(map: Float32Array): number {
  return map.reduce((top, value) => Math.max(top, value), 0);
}

/** Return the picture with the map laid over it; `top` is the evidence that is full brightness, above 0. */
export function overlay(picture: Picture, map: Float32Array, top: number = topOf(map)): Picture {
  if (!(top > 0)) throw new RangeError('the map is empty: no place speaks for this kind');
  const { width, height } = picture;
  const levels = resizeField(
    map.map((value) => value / top),
    [GRID, GRID],
    [width, height],
    BICUBIC,
  );
  const data = new Uint8ClampedArray(picture.data);
  for (let place = 0; place < levels.length; place++) {
    const colour = colourOf(levels[place] as number);
    for (let channel = 0; channel < 3; channel++) {
      const under = picture.data[4 * place + channel] as number;
      data[4 * place + channel] = roundEven(under * (1 - STRENGTH) + (colour[channel] as number) * STRENGTH);
    }
  }
  return { data, width, height };
}

/** Return the colour of a level, 0 or below to 1 or above. */
export function colourOf(level: number): readonly [number, number, number] {
  const place = clamp(level, 0, 1) * (COLOURS.length - 1);
  const left = Math.min(Math.trunc(place), COLOURS.length - 2);
  const share = place - left;
  const mixed = (channel: number): number =>
    ((COLOURS[left] as number[])[channel] as number) * (1 - share) +
    ((COLOURS[left + 1] as number[])[channel] as number) * share;
  return [mixed(0), mixed(1), mixed(2)];
}
