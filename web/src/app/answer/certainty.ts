/**
 * How sure an answer is, in words. This is the one place that says what the words mean.
 *
 * In:    a probability
 * Out:   a word, and from which probability on it is used
 * Needs: words
 *
 * The probability is calibrated (core/decision.ts), with care: on the bundled test photos and 26 everyday ones, 73 of 74
 * answers from 85% on were right, 24 of 24 from 70% to 85%, and 12 of 17 below. The words divide it there. docs/app.md
 * has the figures.
 */

import { formatProbability, t } from '../../words';

/** The words, the strongest first. */
export const CERTAINTIES = ['almostCertain', 'veryLikely', 'likely'] as const;
export type Certainty = (typeof CERTAINTIES)[number];

/** The least probability of each word. */
export const LEAST: Readonly<Record<Certainty, number>> = {
  almostCertain: 0.85,
  veryLikely: 0.7,
  likely: 0,
};

const WORDS = {
  almostCertain: 'answer.almostCertain',
  veryLikely: 'answer.veryLikely',
  likely: 'answer.likely',
} as const;

/** Return the word for a probability. */
export function certaintyOf(probability: number): Certainty {
  return CERTAINTIES.find((certainty) => probability >= LEAST[certainty]) ?? 'likely';
}

/** Return a word as the user reads it. */
export function certaintyWord(certainty: Certainty): string {
  return t(WORDS[certainty]);
}

/** Return word and percentage: "almost certain · 97%". */
export function certaintyText(probability: number): string {
  const word = certaintyWord(certaintyOf(probability));
  return t('answer.certainty', { word, probability: formatProbability(probability) });
}
