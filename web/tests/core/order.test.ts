/** Reading order of keys in a photo. */

import { describe, expect, it } from 'vitest';
import type { Point } from '../../src/core/geometry';
import { inReadingOrder, readingOrder } from '../../src/core/order';
import { keyAt, randomOf, type TestKey } from './keys';

/** Return a key centred at a place, of a length, at an angle (0: to the right). */
function centred(x: number, y: number, length = 100, degrees = 0): TestKey {
  const angle = (degrees * Math.PI) / 180;
  const [dx, dy] = [(Math.cos(angle) * length) / 2, (Math.sin(angle) * length) / 2];
  return keyAt([x - dx, y - dy], [x + dx, y + dy]);
}

/** Return keys in rows and columns, in reading order, turned about the origin. */
function grid(rows: number, columns: number, tilt: number, jitter: () => number = () => 0): TestKey[] {
  const angle = (tilt * Math.PI) / 180;
  const turned = ([x, y]: Point): Point => [
    x * Math.cos(angle) - y * Math.sin(angle),
    x * Math.sin(angle) + y * Math.cos(angle),
  ];
  return Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [x, y] = turned([180 * column + jitter(), 120 * row + jitter()]);
    return centred(x, y, 100, tilt + 4 * jitter());
  });
}

/** Return 0..n-1 in random order. */
function shuffled(count: number, random: () => number): number[] {
  return Array.from({ length: count }, (_, i) => ({ i, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ i }) => i);
}

describe('readingOrder', () => {
  it.each([-6, -3, 0, 3, 6])('reads rows that are tilted by %i degrees from left to right', (tilt) => {
    const random = randomOf(tilt + 100);
    for (let trial = 0; trial < 50; trial++) {
      const keys = grid(4, 5, tilt, () => 12 * (random() - 0.5));
      const places = shuffled(keys.length, random);
      const order = readingOrder(places.map((place) => keys[place] as TestKey));
      expect(order.map((index) => places[index])).toEqual(keys.map((_, i) => i));
    }
  });

  it('is a permutation of any keys', () => {
    const random = randomOf(2);
    for (let trial = 0; trial < 200; trial++) {
      const keys = Array.from({ length: trial % 12 }, () =>
        centred(1000 * random(), 700 * random(), 20 + 300 * random(), 360 * random()),
      );
      expect(readingOrder(keys).sort((one, other) => one - other)).toEqual(keys.map((_, i) => i));
    }
  });

  it('does not depend on the order of the list', () => {
    const random = randomOf(3);
    const keys = Array.from({ length: 9 }, () =>
      centred(1000 * random(), 700 * random(), 150, 360 * random()),
    );
    const order = readingOrder(keys);
    const places = shuffled(keys.length, random);
    const other = readingOrder(places.map((place) => keys[place] as TestKey));
    expect(other.map((index) => places[index])).toEqual(order);
  });
});

describe('readingOrder, of keys that are not in a grid,', () => {
  it.each([
    ['left', 0, [0, 1, 2, 3, 4]],
    ['right', 700, [1, 2, 0, 3, 4]],
  ])('counts a tall key on the %s with the row at its top', (_, x, order) => {
    const tall = centred(x, 90, 200, 90);
    const rows = [centred(200, 30), centred(400, 30), centred(200, 150), centred(400, 150)];
    expect(readingOrder([tall, ...rows])).toEqual(order);
  });

  it('reads keys that lie slightly higher or lower as one row', () => {
    const heights = [75, 48, 58, 16, 0]; // px below the highest; the keys stand upright and are 55 px high
    const row = heights.map((y, i) => centred(45 * i, y, 55, 80));
    expect(readingOrder(row.toReversed())).toEqual([4, 3, 2, 1, 0]);
  });

  it('reads two keys from left to right if their middles are nearly level, else the upper one first', () => {
    const [left, right] = [centred(0, 30, 100, 90), centred(200, 0, 100, 90)];
    expect(readingOrder([right, left])).toEqual([1, 0]);
    expect(readingOrder([right, centred(0, 120, 100, 90)])).toEqual([0, 1]);
  });

  it('reads flat keys that lie close above each other from top to bottom', () => {
    const stacked = [centred(50, 0), centred(0, 60), centred(100, 120)];
    expect(readingOrder(stacked.toReversed())).toEqual([2, 1, 0]);
  });

  it('reads a column from top to bottom', () => {
    expect(readingOrder([centred(110, 300), centred(90, 100), centred(100, 200)])).toEqual([1, 2, 0]);
  });

  it('levels a short row by the tilt of the long one', () => {
    const tilted = Array.from({ length: 5 }, (_, i) => centred(180 * i, 400 - 20 * i));
    const below = centred(720, 400); // lower than its neighbour in the row, though not than the row's left end
    expect(readingOrder([below, ...tilted])).toEqual([1, 2, 3, 4, 5, 0]);
  });
});

describe('inReadingOrder', () => {
  it('returns the keys themselves', () => {
    const [left, right] = [centred(0, 0), centred(300, 0)];
    expect(inReadingOrder([right, left])).toEqual([left, right]);
  });
});
