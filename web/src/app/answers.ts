/**
 * What was told of a key -> words for people.
 *
 * In:    SeenKey
 * Out:   its answer in short, what stands below it, what could be done
 * Needs: words
 */

import type { SeenKey } from '../engine/protocol';
import { percent, say, sayKind } from '../words';

/** What kind of answer it is; also a class of the style sheet. */
export type Sort = 'sure' | 'unsure' | 'nokey';

export function sortOf({ verdict }: SeenKey): Sort {
  if (!verdict.isKey) return 'nokey';
  return verdict.kind === null ? 'unsure' : 'sure';
}

/** Return the answer: "dimple, 97 %", "not sure", "not a key". */
export function answerOf(key: SeenKey): string {
  const { kind, probability } = key.verdict;
  const sort = sortOf(key);
  if (sort === 'sure' && kind !== null) {
    return say('key.answer', { kind: sayKind(kind), probability: percent(probability) });
  }
  return say(sort === 'nokey' ? 'key.notKey' : 'key.notSure');
}

/** Return what stands below the answer: between which kinds it is not sure, and what to do. */
export function detailOf(key: SeenKey): string {
  const { verdict } = key;
  if (sortOf(key) === 'nokey') return say('key.notKeyNearest', { kind: sayKind(verdict.best) });
  if (verdict.kind !== null) return '';
  return `${betweenOf(key)}. ${adviceOf(key)}`;
}

/** Return the first thing that could be done about "not sure". */
export function adviceOf({ causes }: SeenKey): string {
  return say(causes[0] ? `cause.${causes[0]}` : 'cause.none');
}

/** Return how many keys there are, or why there may be none. */
export function countOf(keys: readonly SeenKey[], dark: boolean): string {
  const count = keys.filter(({ verdict }) => verdict.isKey).length;
  if (count === 0) return say(dark ? 'still.noneDark' : 'still.none');
  return count === 1 ? say('still.one') : say('still.many', { n: count });
}

function betweenOf({ verdict }: SeenKey): string {
  const [first, second] = verdict.probabilities;
  if (!first || !second) return '';
  return say('key.notSureBetween', {
    one: sayKind(first.kind),
    p1: percent(first.probability),
    two: sayKind(second.kind),
    p2: percent(second.probability),
  });
}
