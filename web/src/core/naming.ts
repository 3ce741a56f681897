/**
 * What the finder's network says of each place -> which key each place belongs to.
 *
 * In:    Fields
 * Out:   whose each place of the grid is; the ends of each key
 * Needs: constants.json
 *
 * The same as the second half of separation.py: places that touch are one key, or several where blades and sure
 * tips name different ends.
 */

import constants from './constants.json';
import { median } from './numbers';

const C = constants.separation;

/** What the network says: (GRID, GRID, EACH) float32, in C.FIELDS' order; ends in SIDEs from the place's centre. */
export type Fields = Float32Array;
/** Head and tip of a key, px of the network's picture: x, y, x, y. */
export type Ends = Float64Array;

export const EACH = C.FIELDS.length; // numbers of a place
const PLACES = C.GRID * C.GRID;
// Limits in single precision, as NumPy compares them with what the network says.
export const COVERED = Math.fround(C.COVERED);
const TOUCHED = Math.fround(C.TOUCHED);
const SURE = Math.fround(C.SURE);

/** Return whose each place is, -1 for no key's, and the ends of each key. */
export function owned(fields: Fields): { owner: Int32Array; keys: Ends[] } {
  const field = (place: number, which: number): number => fields[place * EACH + which] as number;
  const core = (place: number): boolean => field(place, C.KEY) >= COVERED;
  const together = components(core, (place) => field(place, C.KEY) >= TOUCHED);
  const blades = components(
    (place) => core(place) && field(place, C.BLADE) >= COVERED,
    () => false,
  );
  const ends = endsOf(fields);
  const owner = new Int32Array(PLACES).fill(-1);
  const keys: Ends[] = [];
  for (const places of grouped(together)) {
    const tips = places.filter((place) => isPeak(fields, C.TIP, place)).map((place) => ends[place] as Ends);
    const mine = namedBy(places, ends, blades, tips);
    const taken: number[][] = mine.map(() => []);
    for (const place of places) (taken[nearest(ends[place] as Ends, mine)] as number[]).push(place);
    mine.forEach((key, which) => {
      const its = taken[which] as number[];
      if (its.length < C.LEAST_PLACES) return;
      for (const place of its) owner[place] = keys.length;
      keys.push(key);
    });
  }
  return { owner, keys };
}

/** Return the distance from a key's head to its tip. */
export function length(key: Ends): number {
  return Math.hypot((key[2] as number) - (key[0] as number), (key[3] as number) - (key[1] as number));
}

/** Return how far two keys' ends are from each other, whichever is the head, as a share of the longer. */
export function apart(one: Ends, other: Ends): number {
  const turned = Float64Array.of(one[2] as number, one[3] as number, one[0] as number, one[1] as number);
  return Math.min(off(one, other), off(turned, other)) / Math.max(length(one), length(other), C.STRIDE);
}

/** Return the mean distance of heads and tips. */
function off(one: Ends, other: Ends): number {
  const between = (place: number): number =>
    Math.hypot(
      (one[place] as number) - (other[place] as number),
      (one[place + 1] as number) - (other[place + 1] as number),
    );
  return (between(0) + between(2)) / 2;
}

function nearest(ends: Ends, keys: readonly Ends[]): number {
  let [best, least] = [0, Infinity];
  keys.forEach((key, which) => {
    const far = off(ends, key) / Math.max(length(key), C.STRIDE);
    if (far < least) [best, least] = [which, far];
  });
  return best;
}

/** Return the ends that each place names. */
function endsOf(fields: Fields): Ends[] {
  const start = C.ENDS[0] as number;
  const all = new Float64Array(4 * PLACES);
  const ends: Ends[] = [];
  for (let place = 0; place < PLACES; place++) {
    const x = ((place % C.GRID) + 0.5) * C.STRIDE;
    const y = (Math.floor(place / C.GRID) + 0.5) * C.STRIDE;
    for (let which = 0; which < 4; which++) {
      const named = Math.fround((fields[place * EACH + start + which] as number) * C.SIDE);
      all[4 * place + which] = named + (which % 2 ? y : x);
    }
    ends.push(all.subarray(4 * place, 4 * place + 4));
  }
  return ends;
}

/**
 * Return the ends of each key of connected places, at least one.
 *
 * Each blade is a key and each tip is, but for those that name the same: no two keys share a tip that is seen,
 * and one has no two.
 */
function namedBy(
  places: readonly number[],
  ends: readonly Ends[],
  blades: Int32Array,
  tips: readonly Ends[],
): Ends[] {
  const kept: { seen: number; key: Ends }[] = [];
  for (const key of [...bladesOf(places, ends, blades), ...tips]) {
    const seen = tipOf(key, tips);
    const alike = kept.some((other) =>
      seen >= 0 && other.seen >= 0 ? seen === other.seen : apart(key, other.key) <= C.SAME,
    );
    if (!alike) kept.push({ seen, key });
  }
  return kept.length ? kept.map(({ key }) => key) : [middleOf(places, ends)];
}

/** Return the ends that each large blade's places name. */
function bladesOf(places: readonly number[], ends: readonly Ends[], blades: Int32Array): Ends[] {
  const parts = new Map<number, number[]>();
  for (const place of places) {
    const number = blades[place] as number;
    if (number === 0) continue;
    const its = parts.get(number);
    if (its) its.push(place);
    else parts.set(number, [place]);
  }
  return [...parts]
    .filter(([, its]) => its.length >= C.LEAST_BLADE)
    .sort(([one], [other]) => one - other)
    .map(([, its]) => middleOf(its, ends));
}

/** Return which tip that is seen a key's is, -1 for none. */
function tipOf(key: Ends, tips: readonly Ends[]): number {
  let [seen, least] = [-1, Infinity];
  tips.forEach((tip, which) => {
    const far = Math.hypot((tip[2] as number) - (key[2] as number), (tip[3] as number) - (key[3] as number));
    if (far < least) [seen, least] = [which, far];
  });
  return least <= C.SNAP * Math.max(length(key), C.STRIDE) ? seen : -1;
}

function middleOf(places: readonly number[], ends: readonly Ends[]): Ends {
  const named = places.map((place) => ends[place] as Ends);
  return Float64Array.from({ length: 4 }, (_, which) => median(named.map((one) => one[which] as number)));
}

/** Tell whether a place is surely a peak: highest in its neighbourhood. */
function isPeak(fields: Fields, field: number, place: number): boolean {
  const value = fields[place * EACH + field] as number;
  if (value < SURE) return false;
  return around(place).every((near) => (fields[near * EACH + field] as number) <= value);
}

/** Return the places beside one, corners too. */
function around(place: number): number[] {
  const [x, y] = [place % C.GRID, Math.floor(place / C.GRID)];
  const near: number[] = [];
  for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, C.GRID - 1); row++) {
    for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, C.GRID - 1); column++) {
      if (row !== y || column !== x) near.push(row * C.GRID + column);
    }
  }
  return near;
}

/**
 * Return the number, from 1, of the connected places of `core` that each belongs to, 0 for none.
 *
 * Corners connect. Those of `rim` beside a place of `core` belong to it, too.
 */
function components(core: (place: number) => boolean, rim: (place: number) => boolean): Int32Array {
  const numbers = new Int32Array(PLACES);
  let count = 0;
  for (let start = 0; start < PLACES; start++) {
    if (numbers[start] || !core(start)) continue;
    numbers[start] = ++count;
    for (const stack = [start]; stack.length; ) {
      for (const near of around(stack.pop() as number)) {
        if (numbers[near] || !core(near)) continue;
        numbers[near] = count;
        stack.push(near);
      }
    }
  }
  const inside = numbers.slice();
  for (let place = 0; place < PLACES; place++) {
    if (inside[place] || !rim(place)) continue;
    numbers[place] = Math.max(...around(place).map((near) => inside[near] as number));
  }
  return numbers;
}

/** Return the places of each component, in their order. */
function grouped(numbers: Int32Array): number[][] {
  const groups: number[][] = [];
  numbers.forEach((number, place) => {
    if (number === 0) return;
    groups[number - 1] ??= [];
    (groups[number - 1] as number[]).push(place);
  });
  return groups;
}
