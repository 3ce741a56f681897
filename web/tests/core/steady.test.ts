/** Keys followed over camera frames: ids, outlines, answers, and when the picture can be frozen. */

import { describe, expect, it } from 'vitest';
import type { Point } from '../../src/core/geometry';
import { isSettled, NOTHING_SEEN, type Steady, shownKeys, updateSteady } from '../../src/core/steady';
import { keyAt, normal, randomOf, type TestKey, verdict } from './keys';

const INTERVAL = 110; // ms between frames
const [HEAD, TIP]: [Point, Point] = [
  [100, 100],
  [300, 120],
];
const LENGTH = Math.hypot(200, 20);

/** Return the states after each frame, which are INTERVAL apart. */
function watch(
  frames: readonly (readonly TestKey[])[],
  from: Steady<TestKey> = NOTHING_SEEN,
): Steady<TestKey>[] {
  let state = from;
  return frames.map((keys) => {
    state = updateSteady(state, keys, (state.time ?? 0) + INTERVAL);
    return state;
  });
}

function last<T>(items: readonly T[]): T {
  return items[items.length - 1] as T;
}

function moved(key: TestKey, x: number, y = 0): TestKey {
  const by = ([px, py]: Point): Point => [px + x, py + y];
  return keyAt(by(key.head), by(key.tip), key.verdict);
}

function repeat(key: TestKey, frames: number): TestKey[][] {
  return Array.from({ length: frames }, () => [key]);
}

const SURE = keyAt(HEAD, TIP);
const UNSURE = keyAt(HEAD, TIP, verdict(null, 0.4));
const NO_KEY = keyAt(HEAD, TIP, verdict(null, 0.1, false));

describe('appearing and vanishing', () => {
  it('shows a sure key at once and an unsure one in its third frame', () => {
    expect(shownKeys(last(watch(repeat(SURE, 1))))).toHaveLength(1);
    expect(watch(repeat(UNSURE, 3)).map((state) => shownKeys(state).length)).toEqual([0, 0, 1]);
  });

  it('never shows what is not a key', () => {
    expect(watch(repeat(NO_KEY, 20)).every((state) => shownKeys(state).length === 0)).toBe(true);
  });

  it('never shows a key that is seen in every other frame only', () => {
    const states = watch(Array.from({ length: 20 }, (_, i) => (i % 2 ? [] : [UNSURE])));
    expect(states.every((state) => shownKeys(state).length === 0)).toBe(true);
  });

  it('keeps a key and its id through two missed frames, and drops it in the third', () => {
    const states = watch([[SURE], [], [], [SURE], [], [], []]);
    expect(states.map((state) => shownKeys(state).map(({ id }) => id))).toEqual([
      [1],
      [1],
      [1],
      [1],
      [1],
      [1],
      [],
    ]);
  });

  it('drops a key that slow frames have missed for longer than a moment', () => {
    const seen = updateSteady(NOTHING_SEEN, [SURE], 0);
    expect(shownKeys(updateSteady(seen, [], 1000))).toEqual([]);
  });

  it('hides a key that turns out to be none', () => {
    const states = watch([...repeat(UNSURE, 3), ...repeat(NO_KEY, 4)]);
    expect(states.slice(2).map((state) => shownKeys(state).length)).toEqual([1, 1, 1, 1, 0]);
  });

  it('follows a whole frame, which has no outline', () => {
    const whole = { ...SURE, head: null, tip: null };
    const state = updateSteady(updateSteady(NOTHING_SEEN, [whole], 0), [whole], INTERVAL);
    expect(shownKeys(state)).toMatchObject([{ id: 1, head: null, box: SURE.box, frames: 2 }]);
  });
});

describe('ids', () => {
  it('belong to the key, not to its place in the list', () => {
    const [one, two] = [SURE, moved(SURE, 0, 200)];
    const states = watch([
      [one, two],
      [two, one],
    ]);
    expect(last(states).keys.map(({ id, index }) => [id, index])).toEqual([
      [1, 1],
      [2, 0],
    ]);
  });

  it('stay with keys that lie side by side when the camera moves by most of their distance', () => {
    const row = Array.from({ length: 4 }, (_, i) => moved(SURE, 0, 80 * i));
    const states = watch([0, 0, 60, 120, 180].map((y) => row.map((key) => moved(key, 0, y))));
    expect(last(states).keys.map(({ id, index }) => [id, index])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 3],
    ]);
  });

  it('are not used again', () => {
    const states = watch([[SURE], [], [], [], [SURE]]);
    expect(last(states).keys.map(({ id }) => id)).toEqual([2]);
  });
});

/** Return a key as a detector finds it, with noise of a share of its length. */
function noisy(key: TestKey, random: () => number, share: number): TestKey {
  const by = ([x, y]: Point): Point => [
    x + normal(random) * share * LENGTH,
    y + normal(random) * share * LENGTH,
  ];
  return keyAt(by(key.head), by(key.tip), key.verdict);
}

function spread(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

describe('outlines', () => {
  it('tremble less than half as much as the detections of a key at rest', () => {
    const random = randomOf(1);
    const frames = Array.from({ length: 200 }, () => [noisy(SURE, random, 0.01)]);
    const states = watch(frames).slice(20);
    const raw = spread(frames.slice(20).map(([key]) => key?.tip[0] ?? 0));
    expect(spread(states.map(({ keys }) => keys[0]?.tip?.[0] ?? 0))).toBeLessThan(raw / 2);
  });

  it.each([0.3, 1, 2])(
    'are at most 5% of a length behind a key that moves by %f lengths per second',
    (speed) => {
      const step = (speed * LENGTH * INTERVAL) / 1000;
      const states = watch(Array.from({ length: 30 }, (_, i) => [moved(SURE, i * step)]));
      const behind = states
        .slice(10)
        .map(({ keys }) => (keys[0]?.key.tip[0] ?? 0) - (keys[0]?.tip?.[0] ?? 0));
      expect(Math.max(...behind)).toBeLessThan(0.05 * LENGTH);
    },
  );

  it('of several keys follow the camera without lag', () => {
    const row = [SURE, moved(SURE, 0, 200), moved(SURE, 0, 400)];
    const step = 0.1 * LENGTH;
    const states = watch(Array.from({ length: 20 }, (_, i) => row.map((key) => moved(key, i * step))));
    const behind = states.slice(5).map(({ keys }) => (keys[1]?.key.tip[0] ?? 0) - (keys[1]?.tip?.[0] ?? 0));
    expect(Math.max(...behind)).toBeLessThan(0.01 * LENGTH);
  });
});

describe('outlines, in frames that differ,', () => {
  it('are moved with the other keys where a key is missed', () => {
    const row = [SURE, moved(SURE, 0, 200), moved(SURE, 0, 400)];
    const shifted = row.map((key) => moved(key, 40));
    const state = last(watch([row, row, shifted.slice(1)]));
    expect(state.keys[0]).toMatchObject({ id: 1, missed: 1, index: null });
    expect(state.keys[0]?.tip?.[0]).toBeCloseTo(TIP[0] + 40, 0);
  });

  it('keep the shape of the box', () => {
    const { box } = last(watch(repeat(SURE, 5))).keys[0] as TestKey;
    box.forEach(([x, y], i) => {
      expect(x).toBeCloseTo(SURE.box[i]?.[0] ?? 0, 6);
      expect(y).toBeCloseTo(SURE.box[i]?.[1] ?? 0, 6);
    });
  });

  it('ignore a frame in which head and tip are exchanged, and follow if it lasts', () => {
    const other = keyAt(TIP, HEAD);
    const states = watch([...repeat(SURE, 3), [other], ...repeat(SURE, 2), ...repeat(other, 3)]);
    expect(states.map(({ keys }) => Math.round(keys[0]?.head?.[0] ?? 0))).toEqual([
      100, 100, 100, 100, 100, 100, 100, 100, 300,
    ]);
  });
});

describe('answers', () => {
  const dimple = keyAt(HEAD, TIP, verdict('dimple'));
  const names = (states: readonly Steady<TestKey>[]): (string | null | undefined)[] =>
    states.map((state) => shownKeys(state)[0]?.verdict.kind);

  it('do not alternate when the frames do', () => {
    const frames = Array.from({ length: 20 }, (_, i) => [i % 2 ? dimple : SURE]);
    expect(new Set(names(watch(frames)))).toEqual(new Set(['cylinder']));
  });

  it('change when another kind has led for four frames', () => {
    expect(names(watch([[SURE], ...repeat(dimple, 5)]))).toEqual([
      'cylinder',
      'cylinder',
      'cylinder',
      'cylinder',
      'dimple',
      'dimple',
    ]);
  });

  it('change from "not sure" to a kind after two frames', () => {
    const likely = keyAt(HEAD, TIP, verdict('dimple', 0.7));
    expect(names(watch([...repeat(UNSURE, 3), ...repeat(likely, 2)])).slice(2)).toEqual([
      null,
      null,
      'dimple',
    ]);
  });

  it('keep their percentage while the probability trembles by a few points', () => {
    const frames = Array.from({ length: 10 }, (_, i) => [
      keyAt(HEAD, TIP, verdict('cylinder', i % 2 ? 0.915 : 0.935)),
    ]);
    expect(new Set(watch(frames).map(({ keys }) => keys[0]?.percent)).size).toBe(1);
    const risen = keyAt(HEAD, TIP, verdict('cylinder', 0.99));
    expect(last(watch([...frames, [risen]])).keys[0]?.percent).toBe(99);
  });
});

describe('isSettled', () => {
  it('is reached once, when a sure answer has lasted, and not before', () => {
    const settled = watch(repeat(SURE, 12)).map((state) => isSettled(state));
    expect(settled.indexOf(true)).toBe(6);
    expect(settled.slice(6)).not.toContain(false);
  });

  it.each([
    ['a key is unsure', [SURE, moved(UNSURE, 0, 200)]],
    ['its probability is low', [keyAt(HEAD, TIP, verdict('cylinder', 0.6))]],
    ['there is no key', []],
    ['nothing in the frame is a key', [NO_KEY]],
  ])('is not reached while %s', (_, keys) => {
    expect(watch(Array.from({ length: 20 }, () => keys)).some(isSettled)).toBe(false);
  });

  it('is reached beside something that is not a key', () => {
    expect(isSettled(last(watch(Array.from({ length: 12 }, () => [SURE, moved(NO_KEY, 0, 200)]))))).toBe(
      true,
    );
  });

  it('is not reached while the key moves', () => {
    const step = 0.1 * LENGTH; // nearly a length per second
    expect(watch(Array.from({ length: 20 }, (_, i) => [moved(SURE, i * step)])).some(isSettled)).toBe(false);
  });

  it('waits for a key that has just come into view', () => {
    const states = watch([...repeat(SURE, 12), [SURE, moved(UNSURE, 0, 200)]]);
    expect(states.slice(-2).map(isSettled)).toEqual([true, false]);
  });
});
