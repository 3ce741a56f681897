/** Several photos of one key, one answer. */

import { describe, expect, it } from 'vitest';
import { combineVerdicts } from '../../src/core/combine';
import type { Reason } from '../../src/core/decision';
import type { Verdict } from '../../src/core/verdict';
import { randomOf } from './keys';

const RULE = { kindThreshold: 0.5 };
const KINDS = ['cylinder', 'dimple', 'mortice'] as const;
type Probabilities = readonly [number, number, number];

/** Return the verdict of one photo by its probabilities, in the order of KINDS. */
function photo(values: Probabilities, { isKey = true, reason = null as Reason | null } = {}): Verdict {
  const probabilities = KINDS.map((kind, i) => ({ kind, probability: values[i] as number })).sort(
    (one, other) => other.probability - one.probability,
  );
  const { kind: best, probability } = probabilities[0] as Verdict['probabilities'][number];
  const isKnown = isKey && probability >= RULE.kindThreshold && reason === null;
  const why = isKey && !isKnown ? (reason ?? 'unknown_kind') : null;
  return { isKey, kind: isKnown ? best : null, reason: why, best, probability, probabilities };
}

function probabilityOf({ probabilities }: Verdict, kind: string): number {
  return probabilities.find((entry) => entry.kind === kind)?.probability ?? Number.NaN;
}

describe('combineVerdicts', () => {
  it('returns the answer of a single photo as it is', () => {
    for (const one of [photo([0.7, 0.2, 0]), photo([0.3, 0.2, 0], { reason: 'blurred' })]) {
      expect(combineVerdicts([one], RULE)).toEqual({
        verdict: one,
        contributions: [{ before: null, after: one.probability }],
      });
    }
  });

  it('multiplies probabilities, with a power, and counts anything else as an answer', () => {
    const { verdict } = combineVerdicts([photo([0.6, 0.3, 0.05]), photo([0.5, 0.1, 0.2])], RULE);
    const [first, second] = [Math.sqrt(0.95), Math.sqrt(0.8)]; // weights: of 1 - "anything else"
    const photos = (first + second) ** 2 / (0.95 + 0.8); // that count
    const share = photos ** 0.75 / (first + second);
    const pool = (one: number, two: number): number => one ** (first * share) * two ** (second * share);
    const powers = [pool(0.6, 0.5), pool(0.3, 0.1), pool(0.05, 0.2), pool(0.05, 0.2)]; // the last: anything else
    const sum = powers.reduce((total, value) => total + value, 0);
    expect(probabilityOf(verdict, 'cylinder')).toBeCloseTo((powers[0] as number) / sum);
    expect(probabilityOf(verdict, 'mortice')).toBeCloseTo((powers[2] as number) / sum);
  });

  it('becomes surer where photos agree, but less so than if their errors were independent', () => {
    const { probability } = combineVerdicts([photo([0.7, 0.2, 0]), photo([0.7, 0.2, 0])], RULE).verdict;
    expect(probability).toBeGreaterThan(0.7);
    expect(probability).toBeLessThan(0.7 ** 2 / (0.7 ** 2 + 0.2 ** 2 + 0.1 ** 2));
  });

  it('is not sure where photos contradict each other', () => {
    const { verdict } = combineVerdicts([photo([0.9, 0.05, 0]), photo([0.05, 0.9, 0])], RULE);
    expect(verdict).toMatchObject({ isKey: true, kind: null, reason: 'unknown_kind' });
  });

  it('finds a kind that no photo alone is sure of', () => {
    const unsure = photo([0.45, 0.2, 0.1]);
    expect(combineVerdicts([unsure, unsure], RULE).verdict.kind).toBe('cylinder');
  });
});

describe('combineVerdicts, of any photos,', () => {
  it('does not depend on the order of the photos', () => {
    const random = randomOf(6);
    const photos = Array.from({ length: 4 }, () => photo([random() / 2, random() / 3, random() / 7]));
    const [one, other] = [photos, [...photos].reverse()].map((list) => combineVerdicts(list, RULE).verdict);
    for (const kind of KINDS) {
      expect(probabilityOf(one as Verdict, kind)).toBeCloseTo(probabilityOf(other as Verdict, kind), 12);
    }
  });

  it('has probabilities that sum to at most 1, whatever the photos', () => {
    const random = randomOf(8);
    for (let trial = 0; trial < 100; trial++) {
      const photos = Array.from({ length: 1 + (trial % 5) }, () =>
        photo([random() / 3, random() / 3, random() / 3], { isKey: random() > 0.3 }),
      );
      const { probabilities, probability } = combineVerdicts(photos, RULE).verdict;
      expect(probabilities.reduce((sum, entry) => sum + entry.probability, 0)).toBeLessThanOrEqual(1 + 1e-9);
      expect(probability).toBe(Math.max(...probabilities.map((entry) => entry.probability)));
    }
  });

  it('refuses photos that were answered by models of different kinds, and none', () => {
    const other = { ...photo([0.7, 0.2, 0]), probabilities: [{ kind: 'cat', probability: 1 }] };
    expect(() => combineVerdicts([photo([0.7, 0.2, 0]), other], RULE)).toThrow(RangeError);
    expect(() => combineVerdicts([], RULE)).toThrow(RangeError);
  });
});

describe('combineVerdicts, of photos with faults,', () => {
  it('counts a blurred photo less than a sharp one', () => {
    const [sharp, against] = [photo([0.6, 0.2, 0.1]), [0.2, 0.45, 0.2] as const];
    const blurred = combineVerdicts([sharp, photo(against, { reason: 'blurred' })], RULE).verdict;
    const unsure = combineVerdicts([sharp, photo(against, { reason: 'unknown_kind' })], RULE).verdict;
    expect(probabilityOf(blurred, 'cylinder')).toBeGreaterThan(probabilityOf(unsure, 'cylinder'));
  });

  it('says that it is no key if most photos do', () => {
    const nothing = photo([0.1, 0.05, 0.05], { isKey: false });
    const { verdict } = combineVerdicts([nothing, nothing, photo([0.4, 0.1, 0.1])], RULE);
    expect(verdict).toMatchObject({ isKey: false, kind: null, reason: null });
  });

  it('names a key that one of two photos refused', () => {
    const refused = photo([0.2, 0.05, 0.05], { isKey: false });
    expect(combineVerdicts([refused, photo([0.95, 0.02, 0])], RULE).verdict.kind).toBe('cylinder');
  });

  it('counts a photo that shows no kind less than one that does', () => {
    const sharp = photo([0.1, 0.6, 0.1]);
    const clear = combineVerdicts([sharp, photo([0.6, 0.1, 0.1])], RULE).verdict;
    const vague = combineVerdicts([sharp, photo([0.06, 0.01, 0.01])], RULE).verdict; // in the same proportion
    const ratio = (one: Verdict): number => probabilityOf(one, 'dimple') / probabilityOf(one, 'cylinder');
    expect(ratio(clear)).toBeCloseTo(1);
    expect(ratio(vague)).toBeGreaterThan(1.5);
  });

  it('names no kind if most photos hide the blade', () => {
    const hidden = photo([0.8, 0.1, 0], { reason: 'blade_hidden' });
    const { verdict } = combineVerdicts([hidden, hidden, photo([0.8, 0.1, 0])], RULE);
    expect(verdict).toMatchObject({ kind: null, reason: 'blade_hidden' });
  });

  it('gives the reason that most photos have', () => {
    const [small, blurred] = (['too_small', 'blurred'] as const).map((reason) =>
      photo([0.2, 0.2, 0.2], { reason }),
    ) as [Verdict, Verdict];
    expect(combineVerdicts([small, blurred, blurred], RULE).verdict.reason).toBe('blurred');
  });
});

describe('contributions', () => {
  it('say how the probability of the final kind changed with each photo', () => {
    const photos = [photo([0.2, 0.71, 0]), photo([0.02, 0.93, 0]), photo([0.5, 0.3, 0])];
    const { verdict, contributions } = combineVerdicts(photos, RULE);
    expect(verdict.best).toBe('dimple');
    expect(contributions.map(({ before }) => before)).toEqual([
      null,
      ...contributions.slice(0, -1).map(({ after }) => after),
    ]);
    expect(contributions[0]?.after).toBe(0.71);
    expect(contributions[1]?.after).toBeGreaterThan(0.93);
    expect(contributions[2]?.after).toBe(verdict.probability);
    expect(contributions[2]?.after).toBeLessThan(contributions[1]?.after as number);
  });
});
