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

/** Return an image of one grey level. */
export function blank(width: number, height: number, grey: number): RgbaImage {
  const data = new Uint8ClampedArray(4 * width * height).fill(grey);
  for (let i = 3; i < data.length; i += 4) data[i] = 255;
  return { data, width, height };
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
  const source = new Uint32Array(image.data.buffer, image.data.byteOffset);
  const pixels = new Uint32Array(output.data.buffer);
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
  const width = Math.ceil(image.width / columns);
  const height = Math.ceil(image.height / rows);
  const data = new Uint8ClampedArray(4 * width * height);
  const source = image.data;
  for (let y = 0; y < height; y++) {
    const bottom = Math.min((y + 1) * rows, image.height);
    for (let x = 0; x < width; x++) {
      const right = Math.min((x + 1) * columns, image.width);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = y * rows; row < bottom; row++) {
        const end = 4 * (row * image.width + right);
        for (let i = 4 * (row * image.width + x * columns); i < end; i += 4) {
          red += source[i] as number;
          green += source[i + 1] as number;
          blue += source[i + 2] as number;
        }
      }
      const count = (bottom - y * rows) * (right - x * columns);
      const half = count >> 1;
      const weight = Math.floor(FIXED_POINT / count); // truncated as in Pillow: a whole mean may come out 1 lower
      const to = 4 * (y * width + x);
      data[to] = Math.floor(((red + half) * weight) / FIXED_POINT);
      data[to + 1] = Math.floor(((green + half) * weight) / FIXED_POINT);
      data[to + 2] = Math.floor(((blue + half) * weight) / FIXED_POINT);
      data[to + 3] = 255;
    }
  }
  return { data, width, height };
}

/** Return the (height, width, 3) RGB bytes of an image. */
export function rgbBytes(image: RgbaImage): Uint8Array<ArrayBuffer> {
  const count = image.width * image.height;
  const rgb = new Uint8Array(3 * count);
  for (let i = 0, to = 0; i < 4 * count; i += 4) {
    rgb[to++] = image.data[i] as number;
    rgb[to++] = image.data[i + 1] as number;
    rgb[to++] = image.data[i + 2] as number;
  }
  return rgb;
}
