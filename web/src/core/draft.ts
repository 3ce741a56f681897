/**
 * The scale at which a JPEG is read, as Python reads it.
 *
 * In:    the photo's sides and how many pixels are needed; a file's first bytes
 * Out:   1, 2, 4 or 8: pixels of the photo, along a side, for one that is read; the file's format
 * Needs: constants.json
 *
 * Python decodes large JPEGs at a quarter or an eighth; a browser cannot, so the app takes the mean of as many
 * pixels, which is nearly the same. Of a half Python takes the mean, too.
 */

import constants from './constants.json';

const SCALES = [8, 4, 2]; // at which a photo is read

/** Return the factor for a photo that is read with a shorter side of at least `least` px. */
export function draftOf(width: number, height: number, least: number): number {
  const most = Math.min(Math.floor(width / least), Math.floor(height / least));
  return SCALES.find((scale) => scale <= most) ?? 1;
}

/** Tell whether a file begins as a JPEG does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** Why a photo cannot be looked at. */
export type Fault = 'empty' | 'long' | 'small' | 'large';

/** Return why a photo of these sides cannot be looked at; null: it can. */
export function faultOf(width: number, height: number): Fault | null {
  if (Math.min(width, height) < constants.decode.MIN_SIDE) return 'small';
  return width * height > constants.decode.MAX_PIXELS ? 'large' : null;
}
