/**
 * Save or share a photo with its answers.
 *
 * In:    PhotoResult
 * Out:   a JPEG, redrawn from pixels: no metadata of the file, such as its location, is left
 * Needs: outlines.ts
 */

import type { PhotoResult } from '../engine/protocol';
import { isAboutKeys } from '../words';
import { el } from './dom';
import { drawOnCanvas } from './outlines';

const FILE_NAMES = { keys: 'keykind.jpg', other: 'photo.jpg' };
const TYPE = 'image/jpeg';
const QUALITY = 0.92;

/** Return the photo with outlines and answers drawn over it. */
export async function annotatedImage(result: PhotoResult): Promise<Blob> {
  const canvas = el('canvas', { width: result.bitmap.width, height: result.bitmap.height });
  canvas.getContext('2d')?.drawImage(result.bitmap, 0, 0);
  drawOnCanvas(canvas, result.keys, result.bitmap.width / result.width);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, TYPE, QUALITY));
  if (!blob) throw new Error(`the browser could not encode ${canvas.width} x ${canvas.height} px as JPEG`);
  return blob;
}

/** Return whether this browser can share images with other apps. */
export function canShare(): boolean {
  return !!navigator.canShare?.({ files: [new File([new Uint8Array(1)], fileName(), { type: TYPE })] });
}

/** Share an image; it is no error if the user cancels. */
export async function shareImage(blob: Blob): Promise<void> {
  try {
    await navigator.share({ files: [new File([blob], fileName(), { type: TYPE })] });
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
  }
}

/** Download a file. */
export function download(blob: Blob, name: string = fileName()): void {
  const url = URL.createObjectURL(blob);
  const link = el('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // by then the download has started
}

function fileName(): string {
  return isAboutKeys() ? FILE_NAMES.keys : FILE_NAMES.other;
}
