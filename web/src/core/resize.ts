/**
 * Pictures and fields in another size, exactly as Pillow resizes them: separable, antialiased, fixed-point.
 *
 * In:    Picture, or a field of numbers
 * Out:   the same in another size, within one grey level of Pillow's
 * Needs: picture.ts
 *
 * The canvas's own resizing differs between browsers, and another filter alone can change an answer.
 * Source: src/libImaging/Resample.c of Pillow.
 */

import type { Picture } from './picture';

/** A filter: its reach, and its weight at a distance. */
interface Filter {
  readonly reach: number;
  weight(distance: number): number;
}

export const BILINEAR: Filter = {
  reach: 1,
  weight: (distance) => Math.max(0, 1 - Math.abs(distance)),
};

export const BOX: Filter = {
  reach: 0.5,
  weight: (distance) => (distance > -0.5 && distance <= 0.5 ? 1 : 0),
};

const SHARP = -0.5; // of Keys' cubic convolution, as Pillow takes it

export const BICUBIC: Filter = {
  reach: 2,
  weight: (distance) => {
    const x = Math.abs(distance);
    if (x < 1) return ((SHARP + 2) * x - (SHARP + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * SHARP;
    return 0;
  },
};

const PRECISION = 22; // bits behind the point of a weight: 8 of a pixel and 2 to spare make 32
const HALF = 1 << (PRECISION - 1);

/** Which pixels make up each new one, and with which weights. */
interface Weights {
  readonly first: Int32Array; // of each new pixel
  readonly count: Int32Array;
  readonly most: number; // of count
  readonly weights: Float64Array; // `most` for each new pixel
}

/** Return a picture in another size. */
export function resize(picture: Picture, width: number, height: number, filter: Filter = BILINEAR): Picture {
  const narrow = picture.width === width ? picture : across(picture, width, filter);
  return narrow.height === height ? narrow : down(narrow, height, filter);
}

/** Return a field (height, width) of numbers in another size, as Pillow's mode F: single precision between. */
export function resizeField(
  field: Float32Array,
  [width, height]: readonly [number, number],
  [newWidth, newHeight]: readonly [number, number],
  filter: Filter = BILINEAR,
): Float32Array {
  const x = weightsOf(width, newWidth, filter);
  const y = weightsOf(height, newHeight, filter);
  const narrow = new Float32Array(newWidth * height);
  for (let row = 0; row < height; row++) {
    for (let to = 0; to < newWidth; to++) {
      let sum = 0;
      const start = row * width + (x.first[to] as number);
      for (let tap = 0; tap < (x.count[to] as number); tap++) {
        sum += (field[start + tap] as number) * (x.weights[to * x.most + tap] as number);
      }
      narrow[row * newWidth + to] = sum;
    }
  }
  const resized = new Float32Array(newWidth * newHeight);
  for (let to = 0; to < newHeight; to++) {
    for (let column = 0; column < newWidth; column++) {
      let sum = 0;
      for (let tap = 0; tap < (y.count[to] as number); tap++) {
        const from = ((y.first[to] as number) + tap) * newWidth + column;
        sum += (narrow[from] as number) * (y.weights[to * y.most + tap] as number);
      }
      resized[to * newWidth + column] = sum;
    }
  }
  return resized;
}

function across(picture: Picture, width: number, filter: Filter): Picture {
  const { first, count, most, weights } = fixed(weightsOf(picture.width, width, filter));
  const data = new Uint8ClampedArray(4 * width * picture.height);
  const from = picture.data;
  for (let row = 0, to = 0; row < picture.height; row++) {
    const start = row * picture.width;
    for (let x = 0; x < width; x++, to += 4) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let place = 4 * (start + (first[x] as number));
      const end = x * most + (count[x] as number);
      for (let tap = x * most; tap < end; tap++, place += 4) {
        const weight = weights[tap] as number;
        red += (from[place] as number) * weight;
        green += (from[place + 1] as number) * weight;
        blue += (from[place + 2] as number) * weight;
      }
      data[to] = red >> PRECISION; // the array itself clips to 0..255
      data[to + 1] = green >> PRECISION;
      data[to + 2] = blue >> PRECISION;
      data[to + 3] = 255;
    }
  }
  return { data, width, height: picture.height };
}

function down(picture: Picture, height: number, filter: Filter): Picture {
  const { first, count, most, weights } = fixed(weightsOf(picture.height, height, filter));
  const stride = 4 * picture.width;
  const data = new Uint8ClampedArray(stride * height);
  const sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let tap = 0; tap < (count[y] as number); tap++) {
      const weight = weights[y * most + tap] as number;
      const start = ((first[y] as number) + tap) * stride;
      for (let place = 0; place < stride; place++) {
        sums[place] = (sums[place] as number) + (picture.data[start + place] as number) * weight;
      }
    }
    for (let place = 0, to = y * stride; place < stride; place++, to++) {
      data[to] = place % 4 === 3 ? 255 : (sums[place] as number) >> PRECISION;
    }
  }
  return { data, width: picture.width, height };
}

function weightsOf(from: number, to: number, filter: Filter): Weights {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = filter.reach * stretch;
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Float64Array(to * most);
  for (let place = 0; place < to; place++) {
    const centre = (place + 0.5) * scale;
    const low = Math.max(Math.trunc(centre - support + 0.5), 0);
    const taps = Math.min(Math.trunc(centre + support + 0.5), from) - low;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = filter.weight((tap + low - centre + 0.5) / stretch);
      weights[place * most + tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < taps && sum !== 0; tap++) {
      weights[place * most + tap] = (weights[place * most + tap] as number) / sum;
    }
    first[place] = low;
    count[place] = taps;
  }
  return { first, count, most, weights };
}

/** Return weights as whole numbers, rounded away from zero at a half. */
function fixed(weights: Weights): Omit<Weights, 'weights'> & { readonly weights: Int32Array } {
  const whole = new Int32Array(weights.weights.length);
  for (let place = 0; place < whole.length; place++) {
    const weight = (weights.weights[place] as number) * (1 << PRECISION);
    whole[place] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
  }
  return { ...weights, weights: whole };
}
