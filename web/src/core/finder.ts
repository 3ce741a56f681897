/**
 * A photo -> every key in it.
 *
 * In:    Photo; what runs the finder's network
 * Out:   Found(s), the surest first, in pixels of the upright original
 * Needs: picture.ts, resize.ts, separation.ts
 *
 * The same as finder.py. Where several keys are seen, the picture is looked at mirrored along its diagonal, too. A
 * photo whose keys are small, or in which none is seen, is looked at again from nearer, and once more.
 */

import constants from './constants.json';
import type { Box, Mask } from './masks';
import { apart, type Ends, type Fields } from './naming';
import { median, roundEven } from './numbers';
import { acrossDiagonal, blank, channels, type Picture, type Point, part } from './picture';
import { resize } from './resize';
import { type Found, separate, transposed } from './separation';

const C = constants.detector;
const { SIDE } = constants.postprocess;

/** An upright photo, perhaps read at a reduced scale. */
export interface Photo {
  readonly pixels: Picture;
  readonly width: number; // of the original, px
  readonly height: number;
}

/** The network: what it says of red, green and blue of (SIDE, SIDE) pixels. */
export type Look = (pixels: Uint8Array<ArrayBuffer>) => Promise<Fields>;

/** A part of the pixels, in pixels. */
interface Tile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How a photo is searched. */
export interface Search {
  readonly least?: number; // score of a key that is told
  readonly again?: boolean; // false: one look alone, neither mirrored nor from nearer, as for a camera
}

/** Return the keys in a photo, the surest first. */
export async function find(photo: Photo, look: Look, search: Search = {}): Promise<Found[]> {
  const { least = C.LEAST_SCORE, again = true } = search;
  const ratio = photo.width / photo.pixels.width;
  const longer = Math.max(photo.width, photo.height);
  const longest = Math.max(photo.pixels.width, photo.pixels.height);
  let found = await lookAt(photo.pixels, look, ratio, least, again);
  let seen = longer;
  for (const share of again ? C.TILES : []) {
    if (longest * share <= SIDE * C.LEAST_TILE || !areSmall(found, seen)) break;
    seen = share * longer;
    const closer: Found[] = [];
    for (const tile of tilesOf(photo.pixels, share)) {
      closer.push(...(await lookNear(photo, tile, look, ratio, least)));
    }
    closer.sort((one, other) => other.score - one.score);
    found = joined([...closer, ...found]);
  }
  return found;
}

/** Return pixels in the upper left of (SIDE, SIDE), and how many one of these pixels stands for. */
export function fit(pixels: Picture): { picture: Picture; scale: number } {
  const scale = Math.max(pixels.width, pixels.height) / SIDE;
  const width = Math.max(roundEven(pixels.width / scale), 1);
  const height = Math.max(roundEven(pixels.height / scale), 1);
  const picture = blank(SIDE, SIDE, C.BEYOND);
  const small = resize(pixels, width, height);
  for (let row = 0; row < height; row++) {
    picture.data.set(small.data.subarray(4 * row * width, 4 * (row + 1) * width), 4 * row * SIDE);
  }
  return { picture, scale };
}

/** Return the distance from a key's head to its tip. */
export function lengthOf(key: Found): number {
  return Math.hypot(key.tip[0] - key.head[0], key.tip[1] - key.head[1]);
}

/** Return the keys in pixels; of several, some may be parts of others: then it looks at them mirrored, too. */
async function lookAt(
  pixels: Picture,
  look: Look,
  ratio: number,
  least: number,
  again = true,
): Promise<Found[]> {
  const { picture, scale } = fit(pixels);
  const shown = (side: number): number => Math.max(Math.min(SIDE, roundEven(side / scale)), 1);
  const told = (fields: Fields): Found[] =>
    separate(fields, [shown(pixels.width), shown(pixels.height)], scale * ratio, least);
  const fields = await look(channels(picture));
  const found = told(fields);
  if (found.length < 2 || !again) return found;
  const mirrored = transposed(await look(channels(acrossDiagonal(picture))));
  if (told(mirrored).length === 0) return found;
  return told(fields.map((value, place) => (value + (mirrored[place] as number)) / 2));
}

/** Return the keys that lie inside a tile and are not large in it, in their places in the photo. */
async function lookNear(
  photo: Photo,
  tile: Tile,
  look: Look,
  ratio: number,
  least: number,
): Promise<Found[]> {
  const pixels = part(photo.pixels, tile.left, tile.top, tile.width, tile.height);
  const most = C.LARGE * Math.max(tile.width, tile.height) * ratio;
  const whole = ({ head, tip, box }: Found): boolean =>
    [head, tip, ...box].every(([x, y]) => isInside([x / ratio, y / ratio], tile, photo.pixels));
  const found = await lookAt(pixels, look, ratio, least);
  return found
    .filter((key) => lengthOf(key) <= most && whole(key))
    .map((key) => placed(key, [tile.left * ratio, tile.top * ratio], photo));
}

function placed(key: Found, [left, top]: Point, photo: Photo): Found {
  const moved = ([x, y]: Point): Point => [x + left, y + top];
  const width = roundEven(photo.width / key.scale);
  const height = roundEven(photo.height / key.scale);
  const [one, two, three, four] = key.box;
  const box: Box = [moved(one), moved(two), moved(three), moved(four)];
  const mask = placedMask(key.mask, [roundEven(left / key.scale), roundEven(top / key.scale)], width, height);
  return { ...key, box, head: moved(key.head), tip: moved(key.tip), mask };
}

function placedMask(mask: Mask, [left, top]: Point, width: number, height: number): Mask {
  const data = new Uint8Array(width * height);
  const columns = Math.min(mask.width, width - left);
  for (let row = 0; row < Math.min(mask.height, height - top); row++) {
    const from = row * mask.width;
    data.set(mask.data.subarray(from, from + columns), (top + row) * width + left);
  }
  return { data, width, height };
}

/** Tell whether there may be more, or more to see, from nearer than where `seen` px were looked at. */
function areSmall(found: readonly Found[], seen: number): boolean {
  return found.length === 0 || median(found.map(lengthOf)) <= C.SMALL * seen;
}

/** Return the tiles of pixels, which overlap. */
function tilesOf(pixels: Picture, share: number): Tile[] {
  const side = roundEven(share * Math.max(pixels.width, pixels.height));
  const spans = (whole: number): readonly (readonly [number, number])[] => {
    if (whole <= side) return [[0, whole]];
    const count = Math.ceil((whole - side) / ((1 - C.OVERLAP) * side)) + 1;
    const step = (whole - side) / (count - 1);
    const first = (place: number): number => (place === count - 1 ? whole - side : Math.trunc(place * step));
    return Array.from({ length: count }, (_, place) => [first(place), side] as const);
  };
  return spans(pixels.height).flatMap(([top, height]) =>
    spans(pixels.width).map(([left, width]) => ({ left, top, width, height })),
  );
}

/** Tell whether a place of a tile is so far from its edges that no other tile may show more of a key there. */
function isInside([x, y]: Point, tile: Tile, pixels: Picture): boolean {
  const fits = (at: number, start: number, size: number, whole: number): boolean =>
    (start === 0 || at >= C.EDGE) && (start + size >= whole || at <= size - C.EDGE);
  return fits(x, tile.left, tile.width, pixels.width) && fits(y, tile.top, tile.height, pixels.height);
}

/** Return the keys, the surest first, each once: as the first look that saw it tells it. */
function joined(keys: readonly Found[]): Found[] {
  const kept: Found[] = [];
  for (const key of keys) if (!kept.some((other) => isOne(key, other))) kept.push(key);
  return kept.sort((one, other) => other.score - one.score);
}

/** Tell whether two looks told of the same key; from afar the ends of a small one are not told well. */
function isOne(key: Found, other: Found): boolean {
  const [one, two] = [middleOf(key.box), middleOf(other.box)];
  const middles = Math.hypot(one[0] - two[0], one[1] - two[1]) / Math.max(lengthOf(other), 1e-6);
  const off = apart(endsOf(key), endsOf(other));
  return off <= C.SAME || (off <= C.ABOUT && middles <= C.SAME / 2);
}

function middleOf(box: Box): Point {
  const mean = (axis: 0 | 1): number => box.reduce((sum, corner) => sum + corner[axis], 0) / box.length;
  return [mean(0), mean(1)];
}

function endsOf(key: Found): Ends {
  return Float64Array.of(...key.head, ...key.tip);
}
