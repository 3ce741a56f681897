/**
 * Photos from the camera: the visible part of a frame, or of a photo that the camera takes at its full resolution.
 *
 * In:    a video, and its visible region
 * Out:   a JPEG; for a frame, also the bitmap
 * Needs: canvas; ImageCapture where there is one
 */

import type { Rectangle } from '../../core';
import type { Camera } from './device';

const QUALITY = 0.92;
const MAX_SIDE = 2560; // px of a photo: more than any key needs
const FINER = 1.3; // times the video's resolution from which a photo is worth waiting for
const PATIENCE = 900; // ms that a photo may take; the frame is used otherwise

/** What TypeScript's DOM types lack. Source: W3C, MediaStream Image Capture. */
interface PhotoTaker {
  takePhoto(): Promise<Blob>;
}
declare const ImageCapture: (new (track: MediaStreamTrack) => PhotoTaker) | undefined;

let isSlow = false; // whether the camera has been too slow once

/** A frame as a photo. */
export interface Taken {
  readonly blob: Blob; // JPEG
  readonly bitmap: ImageBitmap | null; // the same; null: only the file is there
}

/** Return the visible part of what a video shows. */
export async function takeFrame(video: HTMLVideoElement, region: Rectangle): Promise<ImageBitmap> {
  return createImageBitmap(video, region.x, region.y, region.width, region.height);
}

/** Return the same as a photo. */
export async function frameAsPhoto(video: HTMLVideoElement, region: Rectangle): Promise<Taken> {
  const bitmap = await takeFrame(video, region);
  return { blob: await jpegOf(bitmap), bitmap };
}

/** Return a photo at the camera's resolution where that is quick, else the frame. */
export async function takePhoto(
  camera: Camera,
  video: HTMLVideoElement,
  region: Rectangle,
  isEnlarged: boolean, // by digital zoom or torch: a photo would look different
): Promise<Taken> {
  const frame = await takeFrame(video, region);
  const canTake = typeof ImageCapture !== 'undefined' && !isSlow && !isEnlarged;
  if (canTake && camera.hasFinerPhotos(FINER)) {
    const photo = await photoWithin(camera, region).catch(() => null);
    if (photo) {
      frame.close();
      return { blob: photo, bitmap: null };
    }
  }
  return { blob: await jpegOf(frame), bitmap: frame };
}

/** Return the camera's photo, cut to the shape of what is visible; null if it takes too long. */
async function photoWithin(camera: Camera, region: Rectangle): Promise<Blob | null> {
  if (typeof ImageCapture === 'undefined') return null;
  const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE, null));
  const photo = await Promise.race([new ImageCapture(camera.track).takePhoto(), late]);
  isSlow = photo === null;
  if (!photo) return null;
  const whole = await createImageBitmap(photo);
  const scale = Math.min(whole.width / region.width, whole.height / region.height);
  const [width, height] = [Math.round(region.width * scale), Math.round(region.height * scale)];
  const shrink = Math.min(1, MAX_SIDE / Math.max(width, height));
  const [x, y] = [Math.floor((whole.width - width) / 2), Math.floor((whole.height - height) / 2)];
  const cut = await createImageBitmap(whole, x, y, width, height, {
    resizeWidth: Math.round(width * shrink),
    resizeHeight: Math.round(height * shrink),
    resizeQuality: 'high',
  });
  whole.close();
  const blob = await jpegOf(cut);
  cut.close();
  return blob;
}

async function jpegOf(bitmap: ImageBitmap): Promise<Blob> {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext('2d', { alpha: false })?.drawImage(bitmap, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  if (!blob) throw new Error(`the browser could not encode ${canvas.width} x ${canvas.height} px as JPEG`);
  return blob;
}
