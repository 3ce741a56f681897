/**
 * How sure an answer is, in words. This is the one place that says what the words mean.
 *
 * In:    a probability
 * Out:   a word, and from which probability on it is used
 * Needs: words
 *
 * The probability is calibrated (core/decision.ts): of 100 answers with 90%, about 90 are right. The words divide it where
 * people would: fewer than 1 wrong in 20, fewer than 1 in 7. docs/app.md has how often each word was right on real photos.
 */

import { formatPercent, t } from '../../words';

/** The words, the strongest first. */
export const CERTAINTIES = ['almostCertain', 'veryLikely', 'likely', 'possible'] as const;
export type Certainty = (typeof CERTAINTIES)[number];

/** The least probability of each word. */
export const LEAST: Readonly<Record<Certainty, number>> = {
  almostCertain: 0.95,
  veryLikely: 0.85,
  likely: 0.6,
  possible: 0,
};

const WORDS = {
  almostCertain: 'answer.almostCertain',
  veryLikely: 'answer.veryLikely',
  likely: 'answer.likely',
  possible: 'answer.possible',
} as const;

/** Return the word for a probability. */
export function certaintyOf(probability: number): Certainty {
  return CERTAINTIES.find((certainty) => probability >= LEAST[certainty]) ?? 'possible';
}

/** Return a word as the user reads it. */
export function certaintyWord(certainty: Certainty): string {
  return t(WORDS[certainty]);
}

/** Return word and percentage: "almost certain · 97%". */
export function certaintyText(probability: number): string {
  const word = certaintyWord(certaintyOf(probability));
  return t('answer.certainty', { word, probability: formatPercent(probability) });
}
