/**
 * A file or a camera frame -> pixels, at the scale at which Python would read them.
 *
 * In:    Blob or ImageBitmap
 * Out:   Source: the upright bitmap, and a function that reads its pixels
 * Needs: OffscreenCanvas and the browser's image decoder
 */

import {
  constants,
  draftFactor,
  dropUnusedAlpha,
  isBmp,
  isJpeg,
  type Photo,
  type ReadPhoto,
  type RgbaImage,
  reduce,
  sizeProblem,
} from '../core';
import { withoutProfile } from './profile';
import { PhotoError } from './protocol';

const STRIP_PIXELS = 4_000_000; // read from a bitmap at a time, to limit the memory that a large photo needs

/** A photo that can be read at several scales. */
export interface Source {
  readonly bitmap: ImageBitmap;
  readonly read: ReadPhoto;
}

/** Open the photo in a file. Throws PhotoError if it cannot be used. */
export async function openFile(file: Blob): Promise<Source> {
  if (file.size === 0) throw new PhotoError('empty');
  if (file.size > constants.decode.MAX_BYTES) throw new PhotoError('long');
  const start = await startOf(file);
  const bitmap = await decodeFile(file, start);
  const problem = sizeProblem(bitmap.width, bitmap.height);
  if (problem) {
    bitmap.close();
    throw new PhotoError(problem);
  }
  return { bitmap, read: reader(bitmap, isJpeg(start)) };
}

/** Return the first bytes of a file; that fails for a folder, and for a file that was changed or deleted. */
async function startOf(file: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.slice(0, 3).arrayBuffer());
  } catch {
    throw new PhotoError('unreadable');
  }
}

/** Open a camera frame. Like a JPEG, it may be read at a reduced scale. */
export function openFrame(bitmap: ImageBitmap): Source {
  return { bitmap, read: reader(bitmap, true) };
}

async function opaqueBmp(file: Blob): Promise<Blob> {
  const bytes = await file.arrayBuffer();
  dropUnusedAlpha(bytes);
  return new Blob([bytes], { type: 'image/bmp' });
}

/** Decode upright and, as Python does, without colour management. */
async function decodeFile(file: Blob, start: Uint8Array): Promise<ImageBitmap> {
  try {
    const plain = isBmp(start) ? await opaqueBmp(file) : await withoutProfile(file);
    return await createImageBitmap(plain, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  } catch {
    throw new PhotoError('unreadable');
  }
}

function reader(bitmap: ImageBitmap, useDraft: boolean): ReadPhoto {
  const cache = new Map<number, Photo>();
  const { width, height } = bitmap;
  return async (minSide) => {
    const factor = useDraft ? draftFactor(width, height, minSide) : 1;
    const photo = cache.get(factor) ?? { pixels: readPixels(bitmap, factor), width, height };
    cache.set(factor, photo);
    return photo;
  };
}

/** Return a bitmap's pixels over white, each the mean of factor x factor. */
function readPixels(bitmap: ImageBitmap, factor: number): RgbaImage {
  if (factor === 1 && bitmap.width * bitmap.height <= STRIP_PIXELS)
    return readStrip(bitmap, 0, bitmap.height);
  const [width, height] = [Math.ceil(bitmap.width / factor), Math.ceil(bitmap.height / factor)];
  const rows = factor * Math.max(Math.floor(STRIP_PIXELS / bitmap.width / factor), 1);
  const data = new Uint8ClampedArray(4 * width * height);
  for (let top = 0; top < bitmap.height; top += rows) {
    const strip = readStrip(bitmap, top, Math.min(rows, bitmap.height - top));
    data.set(reduce(strip, factor).data, 4 * width * (top / factor));
  }
  return { data, width, height };
}

let canvas: OffscreenCanvas | null = null; // kept: camera frames have the same size

/** Return rows of a bitmap over white. */
function readStrip(bitmap: ImageBitmap, top: number, height: number): RgbaImage {
  const { width } = bitmap;
  if (canvas?.width !== width || canvas.height < height) canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
  if (!context) throw new PhotoError('large');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, top, width, height, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return { data: data as RgbaImage['data'], width, height }; // an ImageData's width is slow to read
}
