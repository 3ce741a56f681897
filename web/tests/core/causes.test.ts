/** Measurements of whole images. */

import { expect, it } from 'vitest';
import { LIMITS, sharpnessOf } from '../../src/core/causes';
import type { RgbaImage } from '../../src/core/image';
import { randomOf } from './keys';

/** Return a grey image of 64 x 48 px. */
function image(grey: (x: number, y: number) => number): RgbaImage {
  const [width, height] = [64, 48];
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++)
    data.fill(grey(i % width, Math.floor(i / width)), 4 * i, 4 * i + 3);
  return { data, width, height };
}

it('finds edges sharp and slopes blurred', () => {
  expect(sharpnessOf(image((x) => (x < 32 ? 40 : 200)))).toBeGreaterThan(LIMITS.blurred);
  expect(sharpnessOf(image((x) => 128 + 100 * Math.sin(x / 16)))).toBeLessThan(LIMITS.blurred);
});

it('does not call a plain wall blurred', () => {
  const random = randomOf(1);
  expect(sharpnessOf(image(() => 150 + 4 * random()))).toBe(Number.POSITIVE_INFINITY);
});
