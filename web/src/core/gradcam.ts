/**
 * Class maps -> a heat map over the crop (Grad-CAM).
 *
 * In:    RgbaImage; the (GRID, GRID) map of one kind
 * Out:   RgbaImage
 * Needs: image.ts, numbers.ts, resize.ts
 *
 * Same results as model/gradcam.py. The colour scale (viridis) is readable in greyscale and by the colour-blind.
 */

import constants from './constants.json';
import type { RgbaImage } from './image';
import { clamp, roundEven } from './numbers';
import { BICUBIC, resizeArray } from './resize';

const { COLOURS, STRENGTH } = constants.gradcam;
const { GRID } = constants.model;

/** Return the (GRID, GRID) map of one kind from (GRID, GRID, kinds) class maps. */
export function classMap(maps: Float32Array, kinds: number, index: number): Float32Array {
  return Float32Array.from({ length: GRID * GRID }, (_, i) => maps[i * kinds + index] as number);
}

/** Return the largest value of a map; 0 means no evidence, and there is nothing to draw. */
export function maxEvidence(map: Float32Array): number {
  return map.reduce((max, value) => Math.max(max, value), 0);
}

/** Return the image blended with a map; `max`, above 0, gets the brightest colour. */
export function overlay(image: RgbaImage, map: Float32Array, max: number = maxEvidence(map)): RgbaImage {
  if (!(max > 0)) throw new RangeError(`the class map has no evidence: its maximum is ${max}`);
  const { width, height } = image;
  const levels = resizeArray(
    map.map((value) => value / max),
    [GRID, GRID],
    [width, height],
    BICUBIC,
  );
  const data = new Uint8ClampedArray(image.data);
  for (let i = 0; i < levels.length; i++) {
    const colour = colourOf(levels[i] as number);
    for (let channel = 0; channel < 3; channel++) {
      const below = image.data[4 * i + channel] as number;
      data[4 * i + channel] = roundEven(below * (1 - STRENGTH) + (colour[channel] as number) * STRENGTH);
    }
  }
  return { data, width, height };
}

/** Return the RGB colour of a level, clamped to 0..1. */
export function colourOf(level: number): readonly [number, number, number] {
  const position = clamp(level, 0, 1) * (COLOURS.length - 1);
  const below = Math.min(Math.trunc(position), COLOURS.length - 2);
  const share = position - below;
  const mix = (channel: number): number =>
    ((COLOURS[below] as number[])[channel] as number) * (1 - share) +
    ((COLOURS[below + 1] as number[])[channel] as number) * share;
  return [mix(0), mix(1), mix(2)];
}
