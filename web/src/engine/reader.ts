/**
 * A file or a camera frame -> pixels, at the scale at which Python reads them.
 *
 * In:    Blob or ImageBitmap
 * Out:   Source: the upright picture, and how the core reads it
 * Needs: a browser's decoder and OffscreenCanvas
 */

import { constants, draftOf, faultOf, isJpeg, type Photo, type Picture, type Read, reduce } from '../core';
import { PhotoFault } from './protocol';

const STRIP = 4_000_000; // pixels taken from the browser at once, so that a large photo needs little memory

/** A picture that can be read at several scales. */
export interface Source {
  readonly bitmap: ImageBitmap;
  readonly read: Read;
}

/** Return the photo in a file. Throws PhotoFault for what cannot be looked at. */
export async function openFile(file: Blob): Promise<Source> {
  if (file.size === 0) throw new PhotoFault('empty');
  if (file.size > constants.decode.MAX_BYTES) throw new PhotoFault('long');
  const start = new Uint8Array(await file.slice(0, 3).arrayBuffer());
  const bitmap = await decoded(file);
  const fault = faultOf(bitmap.width, bitmap.height);
  if (fault) throw new PhotoFault(fault);
  return { bitmap, read: readOf(bitmap, isJpeg(start)) };
}

/** Return a frame of the camera as a photo; like a JPEG, it is read as coarsely as will do. */
export function openFrame(bitmap: ImageBitmap): Source {
  return { bitmap, read: readOf(bitmap, true) };
}

/** Decode upright and, as Python does, without regard to colour profiles. */
async function decoded(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  } catch {
    throw new PhotoFault('unreadable');
  }
}

function readOf(bitmap: ImageBitmap, drafts: boolean): Read {
  const known = new Map<number, Photo>();
  const { width, height } = bitmap;
  return async (least) => {
    const factor = drafts ? draftOf(width, height, least) : 1;
    const photo = known.get(factor) ?? { pixels: pixelsOf(bitmap, factor), width, height };
    known.set(factor, photo);
    return photo;
  };
}

/** Return the pixels of a bitmap, transparency on white, each the mean of factor x factor. */
function pixelsOf(bitmap: ImageBitmap, factor: number): Picture {
  const [width, height] = [Math.ceil(bitmap.width / factor), Math.ceil(bitmap.height / factor)];
  const rows = factor * Math.max(Math.floor(STRIP / bitmap.width / factor), 1);
  const data = new Uint8ClampedArray(4 * width * height);
  const canvas = new OffscreenCanvas(bitmap.width, Math.min(rows, bitmap.height));
  const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
  if (!context) throw new PhotoFault('large');
  for (let top = 0; top < bitmap.height; top += rows) {
    const high = Math.min(rows, bitmap.height - top);
    context.fillStyle = '#fff';
    context.fillRect(0, 0, bitmap.width, high);
    context.drawImage(bitmap, 0, top, bitmap.width, high, 0, 0, bitmap.width, high);
    const strip = reduce(context.getImageData(0, 0, bitmap.width, high) as Picture, factor);
    data.set(strip.data, 4 * width * (top / factor));
  }
  return { data, width, height };
}
