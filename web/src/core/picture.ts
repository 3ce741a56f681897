/**
 * Pixels and what all of the core shares.
 *
 * In:    width, height
 * Out:   Picture, reduced and cropped pictures
 * Needs: nothing
 */

/** Pixels as a canvas holds them: RGBA, 8 bits a channel. Alpha is 255 and is not looked at. */
export interface Picture {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

const POINT = 2 ** 24; // Pillow divides by multiplying with a share of so many

/** x to the right and y downwards. */
export type Point = readonly [number, number];

/** Return a picture of one grey. */
export function blank(width: number, height: number, grey: number): Picture {
  const data = new Uint8ClampedArray(4 * width * height).fill(grey);
  for (let place = 3; place < data.length; place += 4) data[place] = 255;
  return { data, width, height };
}

/** Return the part of a picture that begins at (left, top). */
export function part(picture: Picture, left: number, top: number, width: number, height: number): Picture {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let row = 0; row < height; row++) {
    const start = 4 * ((top + row) * picture.width + left);
    data.set(picture.data.subarray(start, start + 4 * width), 4 * row * width);
  }
  return { data, width, height };
}

/** Return a picture mirrored along its diagonal. */
export function acrossDiagonal(picture: Picture): Picture {
  const [width, height] = [picture.height, picture.width];
  const [from, to] = [new Uint32Array(picture.data.buffer, picture.data.byteOffset), blank(width, height, 0)];
  const pixels = new Uint32Array(to.data.buffer);
  for (let y = 0, place = 0; y < height; y++) {
    for (let x = 0; x < width; x++, place++) pixels[place] = from[x * picture.width + y] as number;
  }
  return to;
}

/**
 * Return a picture of which each pixel is the mean of factor x factor, rounded; the same as Pillow's `reduce`.
 *
 * The last column and row are means of what is left over.
 */
export function reduce(picture: Picture, factor: number): Picture {
  if (factor === 1) return picture;
  const width = Math.ceil(picture.width / factor);
  const height = Math.ceil(picture.height / factor);
  const data = new Uint8ClampedArray(4 * width * height);
  const from = picture.data;
  for (let y = 0; y < height; y++) {
    const bottom = Math.min((y + 1) * factor, picture.height);
    for (let x = 0; x < width; x++) {
      const right = Math.min((x + 1) * factor, picture.width);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = y * factor; row < bottom; row++) {
        const end = 4 * (row * picture.width + right);
        for (let place = 4 * (row * picture.width + x * factor); place < end; place += 4) {
          red += from[place] as number;
          green += from[place + 1] as number;
          blue += from[place + 2] as number;
        }
      }
      const count = (bottom - y * factor) * (right - x * factor);
      const half = count >> 1;
      const share = Math.floor(POINT / count); // cut off, so a mean that is whole may come out one lower: as there
      const to = 4 * (y * width + x);
      data[to] = Math.floor(((red + half) * share) / POINT);
      data[to + 1] = Math.floor(((green + half) * share) / POINT);
      data[to + 2] = Math.floor(((blue + half) * share) / POINT);
      data[to + 3] = 255;
    }
  }
  return { data, width, height };
}

/** Return red, green and blue of a picture, without alpha: what a network takes. */
export function channels(picture: Picture): Uint8Array<ArrayBuffer> {
  const pixels = picture.width * picture.height;
  const told = new Uint8Array(3 * pixels);
  for (let pixel = 0, to = 0; pixel < 4 * pixels; pixel += 4) {
    told[to++] = picture.data[pixel] as number;
    told[to++] = picture.data[pixel + 1] as number;
    told[to++] = picture.data[pixel + 2] as number;
  }
  return told;
}
