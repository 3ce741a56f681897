/**
 * Why the model is not sure of a key, measured in the picture.
 *
 * In:    the key's crop, cut and mask
 * Out:   Measures; Cause(s), each a number beyond its limit
 * Needs: constants.json, straighten.ts
 *
 * Limits: those of Python where it has one. The others lie where 1 in 100 of the 105 rendered phone photos that
 * come with keykind are beyond them, rounded; docs/app.md tells how that was measured.
 */

import constants from './constants.json';
import { lengthOf } from './finder';
import type { Picture } from './picture';
import type { Found } from './separation';
import type { Cut } from './straighten';

const { SIZE } = constants.card;
const { SLIM } = constants.align;

/** What can be mended, in the order in which it is told. */
export const CAUSES = ['hidden', 'small', 'dark', 'glare', 'blurred', 'edge', 'slanted'] as const;
export type Cause = (typeof CAUSES)[number];

export const LIMITS = {
  hidden: constants.postprocess.HIDES, // share of the key that is hidden or outside; more is a cause
  small: constants.crops.ENOUGH * SIZE, // px of the photo along the cut; fewer are a cause
  dark: 0.15, // mean luma of the key, 0 black to 1 white; less is a cause
  glare: 0.05, // share of the key's pixels that are blown out; more is a cause
  blurred: 0.01, // variance of the Laplacian by that of the grey; less is a cause
  edge: 0.15, // width of what is seen of the key by its length; less is a cause
  slanted: 0.85, // the same; more is a cause
} as const;

const BLOWN = 250; // grey level from which on all three channels are white
const FLAT = 25; // grey levels squared: variance of a picture without contrast, where noise would look sharp
const EVERY = 7; // pixel of a whole picture is looked at for its brightness
const LEAST = 64; // px of a crop that tell anything

/** What was measured; null where there is nothing to measure it in. */
export interface Measures {
  readonly hidden: number | null;
  readonly small: number | null;
  readonly dark: number;
  readonly glare: number;
  readonly blurred: number;
  readonly edge: number | null;
  readonly slanted: number | null;
}

/** Return the causes that the measures tell of, the first first. */
export function causesOf(measures: Measures): Cause[] {
  const above = (cause: Cause): boolean => (measures[cause] ?? Number.NEGATIVE_INFINITY) > LIMITS[cause];
  const below = (cause: Cause): boolean => (measures[cause] ?? Number.POSITIVE_INFINITY) < LIMITS[cause];
  const beyond: Record<Cause, boolean> = {
    hidden: above('hidden'),
    small: below('small'),
    dark: below('dark'),
    glare: above('glare'),
    blurred: below('blurred'),
    edge: below('edge'),
    slanted: above('slanted'),
  };
  return CAUSES.filter((cause) => beyond[cause]);
}

/** Measure a key in its crop (SIZE, SIZE); without a cut all of the crop is measured. */
export function measure(crop: Picture, cut: Cut | null, found: Found | null): Measures {
  const inside = found && cut ? keyIn(cut, found) : new Uint8Array(SIZE * SIZE).fill(1);
  const seen = light(crop, inside);
  const slim = found ? breadthOf(found) / Math.max(lengthOf(found), 1) : null;
  return {
    hidden: found ? Math.max(found.occluded, found.cutOff) : null,
    small: cut ? cut.width : null,
    ...seen,
    edge: slim,
    slanted: slim,
  };
}

/** Return the mean luma (ITU-R 601) of a picture, 0 to 1, told by some of its pixels. */
export function brightnessOf(picture: Picture): number {
  let [sum, count] = [0, 0];
  for (let place = 0; place < picture.data.length; place += 4 * EVERY, count++)
    sum += luma(picture.data, place);
  return sum / count / 255;
}

/** Return brightness, glare and sharpness of the pixels that are `inside`. */
function light(crop: Picture, inside: Uint8Array): Pick<Measures, 'dark' | 'glare' | 'blurred'> {
  const grey = new Float32Array(SIZE * SIZE);
  const [all, bends] = [new Tally(), new Tally()];
  let blown = 0;
  for (let place = 0; place < grey.length; place++) grey[place] = luma(crop.data, 4 * place);
  for (let place = 0; place < grey.length; place++) {
    if (!inside[place]) continue;
    const middle = grey[place] as number;
    all.add(middle);
    const [red, green, blue] = crop.data.subarray(4 * place, 4 * place + 3) as unknown as [
      number,
      number,
      number,
    ];
    if (Math.min(red, green, blue) >= BLOWN) blown++;
    const [x, y] = [place % SIZE, Math.floor(place / SIZE)];
    if (x < 1 || y < 1 || x > SIZE - 2 || y > SIZE - 2) continue;
    const beside = (grey[place - 1] as number) + (grey[place + 1] as number);
    bends.add(beside + (grey[place - SIZE] as number) + (grey[place + SIZE] as number) - 4 * middle);
  }
  if (all.count < LEAST) return { dark: 1, glare: 0, blurred: 1 };
  const blurred = bends.variance / Math.max(all.variance, FLAT);
  return { dark: all.mean / 255, glare: blown / all.count, blurred };
}

/** Return which pixels of the crop show the key. */
function keyIn(cut: Cut, { mask, scale }: Found): Uint8Array {
  const inside = new Uint8Array(SIZE * SIZE);
  const [x, y] = cut.along;
  const [wide, high] = [cut.width / SIZE, cut.width / SLIM / SIZE];
  for (let row = 0, place = 0; row < SIZE; row++) {
    const over = (row + 0.5 - SIZE / 2) * high;
    for (let column = 0; column < SIZE; column++, place++) {
      const along = (column + 0.5 - SIZE / 2) * wide;
      const px = Math.floor((cut.middle[0] + x * along - y * over) / scale);
      const py = Math.floor((cut.middle[1] + y * along + x * over) / scale);
      if (px < 0 || py < 0 || px >= mask.width || py >= mask.height) continue;
      inside[place] = mask.data[py * mask.width + px] as number;
    }
  }
  return inside;
}

/** Return how wide what is seen of a key is, across it. */
function breadthOf({ box }: Found): number {
  return Math.hypot(box[2][0] - box[1][0], box[2][1] - box[1][1]);
}

function luma(data: Uint8ClampedArray, place: number): number {
  return (
    0.299 * (data[place] as number) +
    0.587 * (data[place + 1] as number) +
    0.114 * (data[place + 2] as number)
  );
}

/** Mean and variance of numbers that come one by one. */
class Tally {
  count = 0;
  #sum = 0;
  #squares = 0;

  add(value: number): void {
    this.count++;
    this.#sum += value;
    this.#squares += value * value;
  }

  get mean(): number {
    return this.#sum / this.count;
  }

  get variance(): number {
    return Math.max(this.#squares / this.count - this.mean ** 2, 0);
  }
}
