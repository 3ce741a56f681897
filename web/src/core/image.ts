/**
 * RGBA images: cropping, turning, box reduction.
 *
 * In:    RgbaImage
 * Out:   RgbaImage; its RGB bytes as a network takes them
 * Needs: nothing
 */

/** Pixels as a canvas holds them: RGBA, 8 bits a channel. Alpha is always 255 and ignored. */
export interface RgbaImage {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

const FIXED_POINT = 2 ** 24; // Pillow's `reduce` multiplies by FIXED_POINT / count instead of dividing by count
export const OPAQUE = 0xff000000 | 0; // alpha of a packed pixel

/** Return an image of one grey level. */
export function blank(width: number, height: number, grey: number): RgbaImage {
  const pixels = new Int32Array(width * height).fill(OPAQUE | (grey << 16) | (grey << 8) | grey);
  return { data: new Uint8ClampedArray(pixels.buffer as ArrayBuffer), width, height };
}

/** Return a copy of the rectangle at (left, top). */
export function cropImage(
  image: RgbaImage,
  left: number,
  top: number,
  width: number,
  height: number,
): RgbaImage {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let row = 0; row < height; row++) {
    const start = 4 * ((top + row) * image.width + left);
    data.set(image.data.subarray(start, start + 4 * width), 4 * row * width);
  }
  return { data, width, height };
}

/** Return an image turned a quarter turn counterclockwise: its right edge becomes the upper one. */
export function rotateLeft(image: RgbaImage): RgbaImage {
  const [width, height] = [image.height, image.width];
  const output = blank(width, height, 0);
  const [source, pixels] = [packed(image), packed(output)];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) pixels[i] = source[(x + 1) * image.width - 1 - y] as number;
  }
  return output;
}

/** Return an image mirrored top to bottom. */
export function flipVertically(image: RgbaImage): RgbaImage {
  const data = new Uint8ClampedArray(image.data.length);
  const stride = 4 * image.width;
  for (let row = 0; row < image.height; row++) {
    const start = (image.height - 1 - row) * stride;
    data.set(image.data.subarray(start, start + stride), row * stride);
  }
  return { ...image, data };
}

/**
 * Return an image of which each pixel is the rounded mean of columns x rows pixels, exactly as Pillow's `reduce`.
 *
 * The last column and row average the pixels that remain.
 */
export function reduce(image: RgbaImage, columns: number, rows: number = columns): RgbaImage {
  if (columns === 1 && rows === 1) return image;
  const { width: sourceWidth, height: sourceHeight } = image;
  const width = Math.ceil(sourceWidth / columns);
  const height = Math.ceil(sourceHeight / rows);
  const output = new Int32Array(width * height);
  const source = packed(image);
  for (let y = 0, to = 0; y < height; y++) {
    const top = y * rows;
    const bottom = Math.min(top + rows, sourceHeight);
    for (let x = 0, left = 0; x < width; x++, to++, left += columns) {
      const right = Math.min(left + columns, sourceWidth);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = top; row < bottom; row++) {
        const end = row * sourceWidth + right;
        for (let i = row * sourceWidth + left; i < end; i++) {
          const pixel = source[i] as number;
          red += pixel & 0xff;
          green += (pixel >>> 8) & 0xff;
          blue += (pixel >>> 16) & 0xff;
        }
      }
      output[to] = packedMean(red, green, blue, (bottom - top) * (right - left));
    }
  }
  return { data: new Uint8ClampedArray(output.buffer as ArrayBuffer), width, height };
}

/** Return the packed pixel of the rounded means of `count` values. */
function packedMean(red: number, green: number, blue: number, count: number): number {
  const half = count >> 1;
  const weight = Math.floor(FIXED_POINT / count); // truncated as in Pillow: a whole mean may come out 1 lower
  const meanRed = Math.imul(red + half, weight) >>> 24; // of an unsigned 32-bit product
  const meanGreen = Math.imul(green + half, weight) >>> 24;
  const meanBlue = Math.imul(blue + half, weight) >>> 24;
  return OPAQUE | (meanBlue << 16) | (meanGreen << 8) | meanRed;
}

const reductions = new WeakMap<RgbaImage, Map<number, RgbaImage>>();

/** Return `reduce(image, factor)`, which is computed once for an image and a factor. */
export function reduced(image: RgbaImage, factor: number): RgbaImage {
  const known = reductions.get(image) ?? new Map<number, RgbaImage>();
  const result = known.get(factor) ?? reduce(image, factor);
  reductions.set(image, known.set(factor, result));
  return result;
}

/** Return an image's pixels as integers: red in the lowest byte, as every browser's platform is little-endian. */
export function packed({ data, width, height }: RgbaImage): Int32Array {
  return new Int32Array(data.buffer, data.byteOffset, width * height);
}

/** Return the (height, width, 3) RGB bytes of an image. */
export function rgbBytes(image: RgbaImage): Uint8Array<ArrayBuffer> {
  const source = packed(image);
  const rgb = new Uint8Array(3 * source.length);
  for (let i = 0, to = 0; i < source.length; i++, to += 3) {
    const pixel = source[i] as number;
    rgb[to] = pixel;
    rgb[to + 1] = pixel >>> 8;
    rgb[to + 2] = pixel >>> 16;
  }
  return rgb;
}
