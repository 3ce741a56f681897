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

import { type RgbaImage, reduce, reduced } from './image';

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
  return resizeBox(image, [image.width, image.height], [width, height], filter);
}

/**
 * Return an image at another size: averaged down by whole factors, then resized bilinearly.
 *
 * As Pillow's `resize` with `reducing_gap=1.0`. A large image is resized in much less time.
 */
export function resizeReduced(image: RgbaImage, width: number, height: number): RgbaImage {
  const columns = Math.max(Math.floor(image.width / width), 1);
  const rows = Math.max(Math.floor(image.height / height), 1);
  const small = columns === rows ? reduced(image, columns) : reduce(image, columns, rows);
  const box = [Math.fround(image.width / columns), Math.fround(image.height / rows)] as const; // as in Pillow
  return resizeBox(small, box, [width, height], BILINEAR);
}

/** Return the upper left of an image, [width, height] px of it, which may be fractions, at another size. */
function resizeBox(
  image: RgbaImage,
  [boxWidth, boxHeight]: readonly [number, number],
  [width, height]: readonly [number, number],
  filter: Filter,
): RgbaImage {
  const narrow = boxWidth === width ? image : resizeWidth(image, boxWidth, width, filter);
  return boxHeight === height ? narrow : resizeHeight(narrow, boxHeight, height, filter);
}

/** Return a (height, width) float array at another size, like Pillow's mode F: single precision between passes. */
export function resizeArray(
  values: Float32Array,
  [width, height]: readonly [number, number],
  [newWidth, newHeight]: readonly [number, number],
  filter: Filter = BILINEAR,
): Float32Array {
  const x = coefficients(width, width, newWidth, filter);
  const y = coefficients(height, height, newHeight, filter);
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

function resizeWidth(image: RgbaImage, boxWidth: number, width: number, filter: Filter): RgbaImage {
  const { first, count, maxCount, weights } = fixedPoint(coefficients(image.width, boxWidth, width, filter));
  const data = new Uint8ClampedArray(4 * width * image.height);
  const source = image.data;
  for (let row = 0, to = 0; row < image.height; row++) {
    const start = row * image.width;
    for (let x = 0; x < width; x++, to += 4) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let i = 4 * (start + (first[x] as number));
      const end = x * maxCount + (count[x] as number);
      for (let tap = x * maxCount; tap < end; tap++, i += 4) {
        const weight = weights[tap] as number;
        red += (source[i] as number) * weight;
        green += (source[i + 1] as number) * weight;
        blue += (source[i + 2] as number) * weight;
      }
      data[to] = red >> PRECISION; // the array clamps to 0..255
      data[to + 1] = green >> PRECISION;
      data[to + 2] = blue >> PRECISION;
      data[to + 3] = 255;
    }
  }
  return { data, width, height: image.height };
}

function resizeHeight(image: RgbaImage, boxHeight: number, height: number, filter: Filter): RgbaImage {
  const { first, count, maxCount, weights } = fixedPoint(
    coefficients(image.height, boxHeight, height, filter),
  );
  const stride = 4 * image.width;
  const source = image.data;
  const data = new Uint8ClampedArray(stride * height);
  const sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let tap = 0; tap < (count[y] as number); tap++) {
      const weight = weights[y * maxCount + tap] as number;
      for (let i = 0, from = ((first[y] as number) + tap) * stride; i < stride; i++, from++) {
        sums[i] = (sums[i] as number) + (source[from] as number) * weight;
      }
    }
    for (let i = 0, to = y * stride; i < stride; i++, to++) data[to] = (sums[i] as number) >> PRECISION;
    for (let to = y * stride + 3; to < (y + 1) * stride; to += 4) data[to] = 255;
  }
  return { data, width: image.width, height };
}

/** Return the coefficients of `to` pixels from the first `box` of `from`. */
function coefficients(from: number, box: number, to: number, filter: Filter): Coefficients {
  const scale = box / to;
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
