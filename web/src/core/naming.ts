/**
 * What the finder's network says of each place -> which key each place belongs to.
 *
 * In:    Fields
 * Out:   whose each place of the grid is; the ends of each key
 * Needs: following.ts, numbers.ts
 *
 * The same as the middle of separation.py: where many ways end a tip is, each tip is a key's, and each place is
 * the key's whose ends it comes to.
 */

import constants from './constants.json';
import { EACH, type Ends, type Fields, followed, middle } from './following';
import { median, percentile } from './numbers';

export { EACH, type Ends, type Fields } from './following';

const C = constants.postprocess;

// Limits in single precision, as NumPy compares them with what the network says.
export const COVERED = Math.fround(C.COVERED);
const TOUCHED = Math.fround(C.TOUCHED);
const BEYOND = Math.floor(C.GRID / 4); // places outside the picture where tips may be, too
const ALL = C.GRID + 2 * BEYOND;
const REACH = Math.ceil(3 * C.AROUND); // places to either side over which a way's end is spread
const LONG = [2, 98] as const; // percent of a key's places between which it lies along itself
const BROAD = 97; // and across

/** Return whose each place is, -1 for no key's, and the ends of each key. */
export function owned(fields: Fields): { owner: Int32Array; keys: Ends[] } {
  const places: number[] = [];
  const ends: Ends[] = [];
  const sure: Ends[] = [];
  for (let place = 0; place < C.GRID * C.GRID; place++) {
    const covered = fields[place * EACH + C.KEY] as number;
    if (covered < TOUCHED) continue;
    const end = followed(fields, place);
    places.push(place);
    ends.push(end);
    if (covered >= COVERED) sure.push(end);
  }
  const keys = tipsOf(sure);
  const whose = joined(
    places,
    ends.map((end) => nearest(end, keys)),
    keys,
  );
  const owner = new Int32Array(C.GRID * C.GRID).fill(-1);
  places.forEach((place, which) => {
    owner[place] = whose[which] as number;
  });
  return { owner, keys };
}

/** Return the distance from a key's head to its tip. */
export function length(key: Ends): number {
  return Math.hypot(at(key, 2) - at(key, 0), at(key, 3) - at(key, 1));
}

/** Return how far two keys' ends are from each other, whichever is the head, as a share of the longer. */
export function apart(one: Ends, other: Ends): number {
  const turned = Float64Array.of(at(one, 2), at(one, 3), at(one, 0), at(one, 1));
  return Math.min(off(one, other), off(turned, other)) / Math.max(length(one), length(other), C.STRIDE);
}

/** Return the mean distance of heads and tips. */
function off(one: Ends, other: Ends): number {
  const heads = Math.hypot(at(one, 0) - at(other, 0), at(one, 1) - at(other, 1));
  return (heads + tipsApart(one, other)) / 2;
}

function tipsApart(one: Ends, other: Ends): number {
  return Math.hypot(at(one, 2) - at(other, 2), at(one, 3) - at(other, 3));
}

/** Return which key ends come to, -1 where that is none. */
function nearest(ends: Ends, keys: readonly Ends[]): number {
  let [best, least] = [-1, Number.POSITIVE_INFINITY];
  keys.forEach((key, which) => {
    const far = off(ends, key) / Math.max(length(key), C.STRIDE);
    if (far < least) [best, least] = [which, far];
  });
  return least <= C.ASTRAY ? best : -1;
}

/** Return the ends of each key, from those to which places come; most votes first. */
function tipsOf(ends: readonly Ends[]): Ends[] {
  const votes = spread(votesOf(ends));
  const peaks: number[] = [];
  votes.forEach((count, place) => {
    if (count >= C.VOTES && isHighest(votes, place)) peaks.push(place);
  });
  peaks.sort((one, other) => (votes[other] as number) - (votes[one] as number) || one - other);
  const keys: Ends[] = [];
  for (const peak of peaks) {
    const [x, y] = [middle((peak % ALL) - BEYOND), middle(Math.floor(peak / ALL) - BEYOND)];
    const near = ends.filter((end) => Math.hypot(at(end, 2) - x, at(end, 3) - y) <= 2 * C.AROUND * C.STRIDE);
    if (near.length < C.LEAST_PLACES) continue;
    const key = Float64Array.from({ length: 4 }, (_, which) => median(near.map((end) => at(end, which))));
    if (!keys.some((other) => isOne(key, other))) keys.push(key);
  }
  return keys;
}

/** Return how many ways end at each place of the picture and around it. */
function votesOf(ends: readonly Ends[]): Float64Array {
  const votes = new Float64Array(ALL * ALL);
  const inside = (value: number): number =>
    Math.min(Math.max(Math.floor(value / C.STRIDE) + BEYOND, 0), ALL - 1);
  for (const end of ends) {
    const place = inside(at(end, 3)) * ALL + inside(at(end, 2));
    votes[place] = (votes[place] as number) + 1;
  }
  return votes;
}

/** Return how many votes there are about each place. */
function spread(votes: Float64Array): Float64Array {
  const kernel = Array.from({ length: 2 * REACH + 1 }, (_, tap) =>
    Math.exp(-((tap - REACH) ** 2) / (2 * C.AROUND ** 2)),
  );
  const along = (field: Float64Array, step: number, place: (line: number, where: number) => number) => {
    const sums = new Float64Array(field.length);
    for (let line = 0; line < ALL; line++) {
      for (let where = 0; where < ALL; where++) {
        let sum = 0;
        const from = place(line, where);
        for (let tap = -REACH; tap <= REACH; tap++) {
          if (where + tap < 0 || where + tap >= ALL) continue;
          sum += (field[from + tap * step] as number) * (kernel[tap + REACH] as number);
        }
        sums[from] = sum;
      }
    }
    return sums;
  };
  const down = along(votes, ALL, (line, where) => where * ALL + line);
  return along(down, 1, (line, where) => line * ALL + where);
}

/** Tell whether no place beside one has more votes. */
function isHighest(votes: Float64Array, place: number): boolean {
  const [x, y] = [place % ALL, Math.floor(place / ALL)];
  for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, ALL - 1); row++) {
    for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, ALL - 1); column++) {
      if ((votes[row * ALL + column] as number) > (votes[place] as number)) return false;
    }
  }
  return true;
}

/** Tell whether two keys whose tips are near lie alike. */
function isOne(key: Ends, other: Ends): boolean {
  const [far, otherFar] = [Math.max(length(key), C.STRIDE), Math.max(length(other), C.STRIDE)];
  const alike =
    (at(key, 2) - at(key, 0)) * (at(other, 2) - at(other, 0)) +
    (at(key, 3) - at(key, 1)) * (at(other, 3) - at(other, 1));
  return alike > C.ALIKE * far * otherFar && tipsApart(key, other) <= C.BESIDE * Math.max(far, otherFar);
}

/** Return whose each place is, once what lies in a larger key's rectangle is a part of that. */
function joined(places: readonly number[], whose: readonly number[], keys: readonly Ends[]): number[] {
  const mine = keys.map((_, number) => places.filter((_, which) => whose[which] === number));
  const count = (number: number): number => (mine[number] as number[]).length;
  const order = [...keys.keys()].filter(count).sort((one, other) => count(other) - count(one));
  const rectangles = order.map((number) => rectangle(mine[number] as number[], keys[number] as Ends));
  let owner = [...whose];
  for (let place = order.length - 1; place > 0; place--) {
    const number = order[place] as number;
    const within = rectangles
      .slice(0, place)
      .findIndex((larger) => share(mine[number] as number[], larger) >= C.WITHIN);
    if (within >= 0) owner = owner.map((one) => (one === number ? (order[within] as number) : one));
  }
  return owner;
}

/** Where a key lies, a little broader and longer. */
interface Rectangle {
  readonly turned: (place: number) => readonly [along: number, across: number];
  readonly first: number; // along
  readonly last: number;
  readonly half: number; // of its width
}

/** Return the rectangle of a key: its places and its ends. */
function rectangle(places: readonly number[], key: Ends): Rectangle {
  const far = Math.max(length(key), C.STRIDE);
  const [x, y] = [(at(key, 2) - at(key, 0)) / far, (at(key, 3) - at(key, 1)) / far];
  const turned = (place: number): readonly [number, number] => {
    const [dx, dy] = [middle(place % C.GRID) - at(key, 0), middle(Math.floor(place / C.GRID)) - at(key, 1)];
    return [dx * x + dy * y, dy * x - dx * y];
  };
  const laid = places.map(turned);
  const lengths = laid.map(([along]) => along);
  const across = laid.map(([, over]) => Math.abs(over));
  return {
    turned,
    first: Math.min(percentile(lengths, LONG[0]), 0) - C.OVER * far,
    last: Math.max(percentile(lengths, LONG[1]), far) + C.OVER * far,
    half: C.BROADER * percentile(across, BROAD) + C.STRIDE / 2,
  };
}

/** Return the share of places in a rectangle. */
function share(places: readonly number[], { turned, first, last, half }: Rectangle): number {
  const within = places
    .map(turned)
    .filter(([along, over]) => along >= first && along <= last && Math.abs(over) <= half);
  return within.length / places.length;
}

function at(ends: Ends, place: number): number {
  return ends[place] as number;
}
