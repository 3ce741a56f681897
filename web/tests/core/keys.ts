/** Keys, verdicts and seeded random numbers for unit tests. */

import type { Reason } from '../../src/core/decision';
import { type Box, type Point, segmentBox } from '../../src/core/geometry';
import type { Verdict } from '../../src/core/verdict';

export const KINDS = ['cylinder', 'dimple', 'laser_track', 'mortice'] as const;

/** Return a verdict; kind null: "not sure", whose best kind is the first. */
export function verdict(kind: string | null, probability = 0.95, isKey = true, why?: Reason): Verdict {
  const best = kind ?? KINDS[0];
  const others = KINDS.filter((other) => other !== best);
  const probabilities = [
    { kind: best, probability },
    ...others.map((other) => ({ kind: other, probability: (1 - probability) / others.length })),
  ];
  const reason = isKey && kind === null ? (why ?? 'unknown_kind') : null;
  return { isKey, kind: isKey ? kind : null, reason, best, probability, probabilities };
}

/** A key as the engine reports it. */
export interface TestKey {
  readonly box: Box;
  readonly head: Point;
  readonly tip: Point;
  readonly verdict: Verdict;
}

/** Return a key from head to tip, a third as wide as it is long. */
export function keyAt(head: Point, tip: Point, answer: Verdict = verdict('cylinder')): TestKey {
  const width = Math.hypot(tip[0] - head[0], tip[1] - head[1]) / 3;
  return { box: segmentBox(head, tip, width), head, tip, verdict: answer };
}

/** Return a generator of uniform numbers in 0..1 (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Return a normally distributed number. */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
