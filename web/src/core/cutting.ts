/**
 * A photo -> the crop of each key in it, cut out of enough of the photo's own pixels.
 *
 * In:    how to read the photo; what runs the finder's network
 * Out:   Piece(s): a key found and its crop, the surest first
 * Needs: finder.ts, straighten.ts
 *
 * The same as cutting.py.
 */

import constants from './constants.json';
import { find, type Look, type Photo, type Search } from './finder';
import type { Picture } from './picture';
import type { Found } from './separation';
import { type Cut, cutAround, takenFrom } from './straighten';

const C = constants.crops;
const { SIZE } = constants.card;

/** Photo with a shorter side of at least so many px, or all that it has. */
export type Read = (least: number) => Promise<Photo>;

/** A key found, and its crop. */
export interface Piece {
  readonly found: Found;
  readonly cut: Cut;
  readonly crop: Picture; // what the model sees
  readonly photo: Photo; // from which it was cut
}

/** Return the keys in a photo, cut out. */
export async function cutKeys(read: Read, look: Look, search: Search = {}): Promise<Piece[]> {
  const first = await read(C.FIRST);
  const found = await find(first, look, search);
  const cuts = found.map((key) => cutAround(key.head, key.tip, key.box));
  const photo = await sharpEnough(first, read, cuts);
  return found.map((key, number) => {
    const cut = cuts[number] as Cut;
    return { found: key, cut, crop: takenFrom(cut, photo.pixels, scaleOf(photo)), photo };
  });
}

/** Return the photo at a scale that suits the smallest cut. */
export async function sharpEnough(
  photo: Photo,
  read: Read,
  cuts: readonly Cut[],
  size: number = SIZE,
): Promise<Photo> {
  const wanted = Math.min(Math.max(0, ...cuts.map((cut) => size / cut.width)), 1);
  if (scaleOf(photo) >= C.ENOUGH * wanted) return photo;
  return read(Math.ceil(wanted * Math.min(photo.width, photo.height)));
}

/** Return how many pixels there are for one of the original. */
export function scaleOf(photo: Photo): number {
  return photo.pixels.width / photo.width;
}
