/**
 * The device's camera.
 *
 * In:    the browser's media devices
 * Out:   a stream; a frame; errors in words
 * Needs: words
 */

import { t } from '../../words';

const CONSTRAINTS: MediaStreamConstraints = {
  audio: false,
  video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
};
const QUALITY = 0.92; // of a frame that is kept as JPEG

/** Ask for camera access. Throws the browser's error if there is no camera or no permission. */
export async function openCamera(): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia(CONSTRAINTS);
}

/** Return the frame that a video shows: the bitmap, and as JPEG. */
export async function takeFrame(video: HTMLVideoElement): Promise<{ blob: Blob; bitmap: ImageBitmap }> {
  const bitmap = await createImageBitmap(video);
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  if (!blob) throw new Error(`the browser could not encode ${canvas.width} x ${canvas.height} px as JPEG`);
  return { blob, bitmap };
}

/** Return the message for an error from starting the camera. */
export function cameraErrorText(error: unknown): string {
  if (!globalThis.isSecureContext || !navigator.mediaDevices) return t('error.insecure');
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return t('error.denied');
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return t('error.noCamera');
  return t('error.camera', { why: error instanceof Error ? error.message : String(error) });
}
