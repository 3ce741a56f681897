/**
 * Resize images and float arrays exactly as Pillow does: separable, antialiased, fixed-point.
 *
 * In:    RgbaImage, or an array of numbers
 * Out:   the same at another size, within one grey level of Pillow's result
 * Needs: image.ts
 *
 * A canvas resizes differently in every browser, and the filter alone can change a prediction.
 * Source: src/libImaging/Resample.c of Pillow.
 */

import { OPAQUE, packed, type RgbaImage } from './image';

/** A resampling filter. */
interface Filter {
  readonly support: number; // radius, in pixels of the input where it enlarges
  weight(distance: number): number;
}

export const BILINEAR: Filter = {
  support: 1,
  weight: (distance) => Math.max(0, 1 - Math.abs(distance)),
};

const CUBIC_A = -0.5; // the parameter of Keys' cubic convolution; Pillow's value

export const BICUBIC: Filter = {
  support: 2,
  weight: (distance) => {
    const x = Math.abs(distance);
    if (x < 1) return ((CUBIC_A + 2) * x - (CUBIC_A + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * CUBIC_A;
    return 0;
  },
};

const PRECISION = 22; // fractional bits of a weight: with 8 for the pixel and 2 spare, 32
const HALF = 1 << (PRECISION - 1);

/** The input pixels that contribute to each output pixel, and their weights. */
interface Coefficients {
  readonly first: Int32Array; // per output pixel
  readonly count: Int32Array;
  readonly maxCount: number;
  readonly weights: Float64Array; // maxCount per output pixel
}

/** Return an image at another size. */
export function resize(
  image: RgbaImage,
  width: number,
  height: number,
  filter: Filter = BILINEAR,
): RgbaImage {
  const narrow = image.width === width ? image : resizeSide(image, [width, image.height], filter);
  return narrow.height === height ? narrow : resizeSide(narrow, [width, height], filter);
}

/** Return a (height, width) float array at another size, like Pillow's mode F: single precision between passes. */
export function resizeArray(
  values: Float32Array,
  [width, height]: readonly [number, number],
  [newWidth, newHeight]: readonly [number, number],
  filter: Filter = BILINEAR,
): Float32Array {
  const x = coefficients(width, newWidth, filter);
  const y = coefficients(height, newHeight, filter);
  const narrow = new Float32Array(newWidth * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < newWidth; column++) {
      let sum = 0;
      const start = row * width + (x.first[column] as number);
      for (let tap = 0; tap < (x.count[column] as number); tap++) {
        sum += (values[start + tap] as number) * (x.weights[column * x.maxCount + tap] as number);
      }
      narrow[row * newWidth + column] = sum;
    }
  }
  const resized = new Float32Array(newWidth * newHeight);
  for (let row = 0; row < newHeight; row++) {
    for (let column = 0; column < newWidth; column++) {
      let sum = 0;
      for (let tap = 0; tap < (y.count[row] as number); tap++) {
        const from = ((y.first[row] as number) + tap) * newWidth + column;
        sum += (narrow[from] as number) * (y.weights[row * y.maxCount + tap] as number);
      }
      resized[row * newWidth + column] = sum;
    }
  }
  return resized;
}

/** Return an image at a size of which either the width or the height is the image's. */
function resizeSide(image: RgbaImage, [width, height]: readonly [number, number], filter: Filter): RgbaImage {
  const stride = image.width;
  const isWidth = stride !== width;
  const [from, to, step] = isWidth ? [stride, width, 1] : [image.height, height, stride];
  const { first, count, maxCount, weights } = fixedPoint(coefficients(from, to, filter));
  const source = packed(image);
  const pixels = new Int32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const place = isWidth ? x : y;
      const start = first[place] as number;
      let at = isWidth ? y * stride + start : start * stride + x;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      const end = place * maxCount + (count[place] as number);
      for (let tap = place * maxCount; tap < end; tap++, at += step) {
        const pixel = source[at] as number;
        const weight = weights[tap] as number;
        red = (red + Math.imul(pixel & 0xff, weight)) | 0; // integers: much faster than numbers
        green = (green + Math.imul((pixel >> 8) & 0xff, weight)) | 0;
        blue = (blue + Math.imul((pixel >> 16) & 0xff, weight)) | 0;
      }
      pixels[i] = OPAQUE | (toByte(blue) << 16) | (toByte(green) << 8) | toByte(red);
    }
  }
  return { data: new Uint8ClampedArray(pixels.buffer as ArrayBuffer), width, height };
}

/** Return a sum without its fractional bits, 0 to 255. */
function toByte(sum: number): number {
  const level = sum >> PRECISION;
  return level < 0 ? 0 : level > 255 ? 255 : level;
}

function coefficients(from: number, to: number, filter: Filter): Coefficients {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  const maxCount = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Float64Array(to * maxCount);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(Math.trunc(centre - support + 0.5), 0);
    const taps = Math.min(Math.trunc(centre + support + 0.5), from) - low;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = filter.weight((tap + low - centre + 0.5) / stretch);
      weights[i * maxCount + tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < taps && sum !== 0; tap++) {
      weights[i * maxCount + tap] = (weights[i * maxCount + tap] as number) / sum;
    }
    first[i] = low;
    count[i] = taps;
  }
  return { first, count, maxCount, weights };
}

/** Return the weights as integers, halves rounded away from zero. */
function fixedPoint(float: Coefficients): Omit<Coefficients, 'weights'> & { readonly weights: Int32Array } {
  const weights = new Int32Array(float.weights.length);
  for (let i = 0; i < weights.length; i++) {
    const weight = (float.weights[i] as number) * (1 << PRECISION);
    weights[i] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
  }
  return { ...float, weights };
}
