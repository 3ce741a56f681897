/**
 * Why the model may be unsure of a key, measured in the image.
 *
 * In:    the key's crop and detection
 * Out:   Measurements; Cause(s), the measurements beyond their limits
 * Needs: constants.json, align.ts, detection.ts, geometry.ts, image.ts, numbers.ts
 *
 * The limits of 'small' and 'blurred' are Python's. The others are about the first or 99th percentile over the rendered
 * phone photos that are bundled with keykind; docs/app.md has the figures.
 */

import type { OrientedCrop } from './align';
import constants from './constants.json';
import { boxOf, type Detection, lengthOf } from './detection';
import { extent } from './geometry';
import type { RgbaImage } from './image';
import { clamp } from './numbers';

const { SIZE } = constants.card;
const { ASPECT_RATIO } = constants.align;
const { LUMA, MIN_PIXELS, MIN_VARIANCE, UNKNOWN } = constants.sharpness;

/** A rectangle of a crop: its first column and row, and those after its last, px. */
interface CropBox {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const WHOLE_CROP: CropBox = { left: 0, right: SIZE, top: 0, bottom: SIZE };

/** Causes the user can do something about, most important first. */
export const CAUSES = ['hidden', 'small', 'dark', 'glare', 'blurred', 'edge', 'slanted'] as const;
export type Cause = (typeof CAUSES)[number];

export const LIMITS = {
  hidden: 0.25, // max. share of the key that is occluded or outside the frame
  small: constants.crops.MIN_RESOLUTION * SIZE, // min. pixels of the photo along the crop
  dark: 0.15, // min. mean luma of the key, 0 black to 1 white
  glare: 0.05, // max. share of the key's pixels that are blown out
  blurred: constants.decision.BLURRED_SHARPNESS, // min. variance of the Laplacian relative to the variance of the luma
  edge: 0.15, // min. ratio of the width to the length
  slanted: 0.85, // max. of the same ratio
} as const;

/** Causes whose limit is a maximum; of the others it is a minimum. */
export const MAXIMUMS: ReadonlySet<Cause> = new Set<Cause>(['hidden', 'glare', 'slanted']);

/** Causes whose limit holds for a photo of anything. */
const OF_ANYTHING: ReadonlySet<Cause> = new Set<Cause>(['dark']);

const BLOWN_OUT = 250; // grey level, of all three channels
const LEAST_CONTRAST = 100; // variance of the luma, grey levels squared, from which an image has a sharpness
const SAMPLE_STEP = 97; // every n-th pixel is used for the brightness of a photo

/** Measurements of a key; null where they need a detection and there is none. */
export interface Measurements {
  readonly hidden: number | null;
  readonly small: number | null;
  readonly dark: number;
  readonly glare: number;
  readonly blurred: number;
  readonly edge: number | null;
  readonly slanted: number | null;
}

/**
 * Return the causes whose measurement is beyond its limit, most important first.
 *
 * isKey: whether a key was measured. The limits of glare and blur are of keys: other things are white or smooth.
 */
export function causesOf(measurements: Measurements, isKey = true): Cause[] {
  return CAUSES.filter((cause) => {
    const value = measurements[cause];
    if (value === null || !(isKey || OF_ANYTHING.has(cause))) return false;
    return MAXIMUMS.has(cause) ? value > LIMITS[cause] : value < LIMITS[cause];
  });
}

/** Measure a key in its (SIZE, SIZE) crop; without a detection, measure all of the crop. */
export function measure(
  crop: RgbaImage,
  region: OrientedCrop | null,
  detection: Detection | null,
): Measurements {
  const box = detection && region ? boxInCrop(region, detection) : WHOLE_CROP;
  const aspect = detection ? detection.width / Math.max(lengthOf(detection), 1) : null;
  return {
    hidden: detection ? Math.max(detection.occlusion, detection.truncation) : null,
    small: region ? region.width : null,
    ...measureLight(crop, box),
    edge: aspect,
    slanted: aspect,
  };
}

/** Return the mean luma (ITU-R 601) of an image, 0 to 1, estimated from a sample of its pixels. */
export function brightnessOf(image: RgbaImage): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < image.data.length; i += 4 * SAMPLE_STEP, count++) sum += lumaAt(image.data, i);
  return sum / count / 255;
}

/**
 * Return the sharpness of a whole image: the variance of the Laplacian relative to that of the luma.
 *
 * Infinity where there is too little contrast to tell: a plain wall is as smooth as a blurred picture.
 */
export function sharpnessOf({ data, width, height }: RgbaImage): number {
  const luma = new Float32Array(width * height);
  for (let i = 0; i < luma.length; i++) luma[i] = lumaAt(data, 4 * i);
  const [lumaStats, laplacianStats] = [new RunningStats(), new RunningStats()];
  for (let y = 1; y < height - 1; y++)
    for (let x = 1, i = width * y + x; x < width - 1; x++, i++) {
      lumaStats.add(luma[i] as number);
      laplacianStats.add(laplacianAt(luma, i, width));
    }
  if (lumaStats.count === 0 || lumaStats.variance < LEAST_CONTRAST) return Number.POSITIVE_INFINITY;
  return laplacianStats.variance / lumaStats.variance;
}

/** Return brightness, glare and sharpness of the pixels inside a box. */
function measureLight(crop: RgbaImage, box: CropBox): Pick<Measurements, 'dark' | 'glare' | 'blurred'> {
  const luma = new Float32Array(SIZE * SIZE);
  for (let i = 0; i < luma.length; i++) luma[i] = lumaAt(crop.data, 4 * i);
  const [lumaStats, laplacianStats] = [new RunningStats(), new RunningStats()];
  let blownOut = 0;
  for (let y = box.top; y < box.bottom; y++) {
    const isInnerRow = y >= 1 && y <= SIZE - 2;
    for (let x = box.left, i = SIZE * y + x; x < box.right; x++, i++) {
      lumaStats.add(luma[i] as number);
      if (isBlownOut(crop.data, 4 * i)) blownOut++;
      if (isInnerRow && x >= 1 && x <= SIZE - 2) laplacianStats.add(laplacianAt(luma, i, SIZE));
    }
  }
  if (lumaStats.count < MIN_PIXELS) return { dark: 1, glare: 0, blurred: UNKNOWN };
  return {
    dark: lumaStats.mean / 255,
    glare: blownOut / lumaStats.count,
    blurred: laplacianStats.variance / Math.max(lumaStats.variance, MIN_VARIANCE),
  };
}

function laplacianAt(luma: Float32Array, i: number, width: number): number {
  const beside = (luma[i - 1] as number) + (luma[i + 1] as number);
  return beside + (luma[i - width] as number) + (luma[i + width] as number) - 4 * (luma[i] as number);
}

/** Return the part of a (SIZE, SIZE) crop whose pixels' centres are inside the detection's box. */
function boxInCrop(region: OrientedCrop, detection: Detection): CropBox {
  const [left, right, top, bottom] = extent(boxOf(detection), region.axis);
  const [x, , y] = extent([region.centre], region.axis);
  const along = (position: number): number => SIZE / 2 + ((position - x) / region.width) * SIZE;
  const across = (position: number): number =>
    SIZE / 2 + ((position - y) / region.width) * ASPECT_RATIO * SIZE;
  const first = (position: number): number => clamp(Math.ceil(position - 0.5), 0, SIZE);
  const end = (position: number): number => clamp(Math.floor(position - 0.5) + 1, 0, SIZE);
  return {
    left: first(along(left)),
    right: end(along(right)),
    top: first(across(top)),
    bottom: end(across(bottom)),
  };
}

function lumaAt(data: Uint8ClampedArray, i: number): number {
  const [red, green, blue] = LUMA as [number, number, number];
  return red * (data[i] as number) + green * (data[i + 1] as number) + blue * (data[i + 2] as number);
}

function isBlownOut(data: Uint8ClampedArray, i: number): boolean {
  return Math.min(data[i] as number, data[i + 1] as number, data[i + 2] as number) >= BLOWN_OUT;
}

/** Mean and variance of a stream of numbers. */
class RunningStats {
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
