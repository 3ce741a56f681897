/**
 * The result for a key, in words.
 *
 * In:    a key's verdict and causes, of a photo or of a frame
 * Out:   its answer; the details below it; what the user can do
 * Needs: kinds.ts, words
 */

import type { Cause, Verdict } from '../../core';
import type { Place } from '../../engine/protocol';
import { formatPercent, t } from '../../words';
import { kindLabel } from '../kinds/kinds';

/** The sort of answer, which is also a class in the style sheet. */
export type Status = 'sure' | 'unsure' | 'nokey';

/** What the words depend on. */
export interface Answered extends Pick<Place, 'head'> {
  readonly verdict: Verdict;
  readonly causes: readonly Cause[];
}

/** Return whether a result is about the whole photo: there is nothing to outline or to count. */
export function isWhole({ head }: Pick<Place, 'head'>): boolean {
  return head === null;
}

export function statusOf({ verdict }: Pick<Answered, 'verdict'>): Status {
  if (!verdict.isKey) return 'nokey';
  return verdict.kind === null ? 'unsure' : 'sure';
}

/** Return the answer: "dimple, 97%", "not sure" or "not a key". */
export function answerText(key: Pick<Answered, 'verdict'>): string {
  const { kind, isKey, probability } = key.verdict;
  if (isKey && kind !== null) {
    return t('key.answer', { kind: kindLabel(kind), probability: formatPercent(probability) });
  }
  return t(isKey ? 'key.notSure' : 'key.notKey');
}

/** Return what explains the answer: for "not sure", the two most probable kinds, and why or what to do. */
export function detailText(key: Answered): string {
  const { isKey, best, reason } = key.verdict;
  if (!isKey) return t('key.notKeyNearest', { kind: kindLabel(best) });
  if (reason === null) return '';
  if (reason === 'blade_hidden') return t('reason.blade_hidden');
  return `${topTwoText(key)}. ${reason === 'unknown_kind' ? adviceText(key) : t(`reason.${reason}`)}`;
}

/** Return how many keys a photo shows, or why there may be none; empty if the photo was classified as a whole. */
export function countText(keys: readonly Answered[], isDark: boolean): string {
  if (keys.some(isWhole)) return '';
  const count = keys.filter(({ verdict }) => verdict.isKey).length;
  if (count === 0) return t(isDark ? 'photo.noneDark' : 'photo.none');
  return count === 1 ? t('photo.one') : t('photo.many', { n: count });
}

function adviceText({ causes }: Answered): string {
  return t(causes[0] ? `cause.${causes[0]}` : 'cause.none');
}

function topTwoText({ verdict }: Answered): string {
  const [first, second] = verdict.probabilities;
  if (!first || !second) return '';
  return t('key.notSureBetween', {
    one: kindLabel(first.kind),
    p1: formatPercent(first.probability),
    two: kindLabel(second.kind),
    p2: formatPercent(second.probability),
  });
}
