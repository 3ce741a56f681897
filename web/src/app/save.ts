/**
 * A photo with its answers -> a picture to save or share.
 *
 * In:    Still
 * Out:   a JPEG, drawn anew: nothing of the file but its pixels is in it, no place, no camera
 * Needs: outlines.ts
 */

import type { Still } from '../engine/protocol';
import { el } from './dom';
import { drawOn } from './outlines';

const NAME = 'keykind.jpg';
const TYPE = 'image/jpeg';
const QUALITY = 0.92;

/** Return the photo with outlines and answers. */
export async function annotated(still: Still): Promise<Blob> {
  const canvas = el('canvas', { width: still.picture.width, height: still.picture.height });
  canvas.getContext('2d')?.drawImage(still.picture, 0, 0);
  drawOn(canvas, still.keys, still.picture.width / still.width);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, TYPE, QUALITY));
  if (!blob) throw new Error('the browser made no picture');
  return blob;
}

/** Tell whether this browser passes pictures on to other apps. */
export function canShare(): boolean {
  return !!navigator.canShare?.({ files: [new File([new Uint8Array(1)], NAME, { type: TYPE })] });
}

/** Pass a picture on; that a person thinks better of it is no fault. */
export async function share(blob: Blob): Promise<void> {
  try {
    await navigator.share({ files: [new File([blob], NAME, { type: TYPE })] });
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
  }
}

/** Save a file among the downloads. */
export async function save(blob: Blob, name: string = NAME): Promise<void> {
  const address = URL.createObjectURL(blob);
  const link = el('a', { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the download has begun by then
}
