/**
 * Photos, the scale at which they are read, and which of them are refused.
 *
 * In:    a photo's size and the resolution that is needed; the first bytes of a file
 * Out:   Photo; the reduction factor: 1, 2, 4 or 8; PhotoProblem
 * Needs: constants.json
 *
 * Python decodes a large JPEG at a half, a quarter or an eighth of its size (Pillow's draft mode). A browser decodes at
 * full size only, so the app averages blocks of pixels instead, which is nearly the same.
 */

import constants from './constants.json';
import type { RgbaImage } from './image';

const FACTORS = [8, 4, 2];

/** An upright photo, possibly read at a reduced scale. */
export interface Photo {
  readonly pixels: RgbaImage;
  readonly width: number; // of the original, px
  readonly height: number;
}

/** Read a photo so that its shorter side has at least `minSide` px, or all that the original has. */
export type ReadPhoto = (minSide: number) => Promise<Photo>;

/** Why a photo is refused. */
export type PhotoProblem = 'empty' | 'long' | 'small' | 'large';

/** Return the size of the pixels relative to the original: 1 or less. */
export function scaleOf(photo: Photo): number {
  return photo.pixels.width / photo.width;
}

/** Return the largest factor that leaves the shorter side at least `minSide` px. */
export function draftFactor(width: number, height: number, minSide: number): number {
  const largest = Math.min(Math.floor(width / minSide), Math.floor(height / minSide));
  return FACTORS.find((factor) => factor <= largest) ?? 1;
}

/** Return whether a file starts with JPEG's magic bytes. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** Return why a photo of this size is refused; null if it is accepted. */
export function sizeProblem(width: number, height: number): PhotoProblem | null {
  if (Math.min(width, height) < constants.decode.MIN_SIDE) return 'small';
  return width * height > constants.decode.MAX_PIXELS ? 'large' : null;
}
