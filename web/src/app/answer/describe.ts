/**
 * Answers in words.
 *
 * In:    a key or a whole photo with its verdict, causes and the user's correction
 * Out:   its status; texts in the language in use
 * Needs: kinds.ts, words
 */

import type { Cause, Verdict } from '../../core';
import type { Place } from '../../engine/protocol';
import { formatProbability, t } from '../../words';
import { kindLabel, kindPage } from '../kinds/kinds';
import { NOT_A_KEY } from '../storage/corrections';

/** The sort of answer, which is also a class in the style sheet. */
export type Status = 'sure' | 'unsure' | 'nokey';

/** What the words depend on. */
export interface Answered extends Pick<Place, 'head'> {
  readonly verdict: Verdict;
  readonly causes: readonly Cause[];
  readonly correction?: string; // what the user says it is
}

type Judged = Pick<Answered, 'verdict' | 'correction'>;

/** Return whether a result is about the whole photo: there is nothing to outline or to count. */
export function isWhole({ head }: Pick<Place, 'head'>): boolean {
  return head === null;
}

/** Return whether it is a key, as the user says or else as the models do. */
export function isKey({ verdict, correction }: Judged): boolean {
  return correction === undefined ? verdict.isKey : correction !== NOT_A_KEY;
}

/** Return its kind, as the user says or else as the models do; null: not known, or not a key. */
export function kindOf({ verdict, correction }: Judged): string | null {
  if (correction === undefined) return verdict.kind;
  return correction === NOT_A_KEY ? null : correction;
}

/** Return whether the user says something else than the models; the user may also confirm their answer. */
export function isCorrected(key: Judged): boolean {
  return key.correction !== undefined && key.correction !== (key.verdict.kind ?? undefined);
}

export function statusOf(key: Judged): Status {
  if (!isKey(key)) return 'nokey';
  return kindOf(key) === null ? 'unsure' : 'sure';
}

/** Return the answer: "dimple, 97%", "not sure" or "not a key". */
export function answerText(key: Judged): string {
  const kind = kindOf(key);
  if (kind === null) return shortText(key);
  if (isCorrected(key)) return t('answer.saidByYou', { kind: kindLabel(kind) });
  const probability = formatProbability(key.verdict.probability);
  return t('key.answer', { kind: kindLabel(kind), probability });
}

/** Return the answer for a label in a photo: "dimple". */
export function shortText(key: Judged): string {
  const kind = kindOf(key);
  if (kind !== null) return kindLabel(kind);
  return t(isKey(key) ? 'key.notSure' : 'key.notKey');
}

/** Return the answer as a heading: "Dimple key". */
export function headingText(key: Judged): string {
  const kind = kindOf(key);
  if (kind !== null) return kindPage(kind)?.title ?? kindLabel(kind);
  return t(isKey(key) ? 'answer.unknown' : 'key.notKey');
}

/** Return what explains the answer: for "not sure", the two most probable kinds, and why or what to do. */
export function detailText(key: Answered): string {
  const { best, reason } = key.verdict;
  if (key.correction !== undefined) return '';
  if (!isKey(key)) return t('key.notKeyNearest', { kind: kindLabel(best) });
  if (reason === null) return '';
  return reason === 'blade_hidden' ? adviceText(key) : `${topTwoText(key)}. ${adviceText(key)}`;
}

/** Return what would make a kind known: why it is not, and what to do. */
export function adviceText({ verdict, causes }: Answered): string {
  const { reason } = verdict;
  if (reason !== null && reason !== 'unknown_kind') return t(`reason.${reason}`);
  return t(causes[0] ? `cause.${causes[0]}` : 'cause.none');
}

/** Return how many keys a photo shows, or why there may be none; empty if the photo was classified as a whole. */
export function countText(keys: readonly Answered[], isDark: boolean): string {
  if (keys.some(isWhole)) return '';
  const count = keys.filter(isKey).length;
  if (count === 0) return t(isDark ? 'photo.noneDark' : 'photo.none');
  return count === 1 ? t('photo.one') : t('photo.many', { n: count });
}

/** Return the two most probable kinds: "dimple 48% or laser track 31%". */
export function topTwoText({ verdict }: Pick<Answered, 'verdict'>): string {
  const [first, second] = verdict.probabilities;
  if (!first || !second) return '';
  return t('key.notSureBetween', {
    one: kindLabel(first.kind),
    p1: formatProbability(first.probability),
    two: kindLabel(second.kind),
    p2: formatProbability(second.probability),
  });
}
