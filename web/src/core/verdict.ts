/**
 * The classifier's outputs for a crop -> a kind, "not sure" or "not a key".
 *
 * In:    ClassifierOutputs, Card
 * Out:   Verdict
 * Needs: card.ts, numbers.ts
 *
 * Same results as predict/recogniser.py. Temperature scaling is part of the network.
 */

import type { Card } from './card';
import { clamp } from './numbers';

/** The outputs of the classifier for one crop. */
export interface ClassifierOutputs {
  readonly probabilities: Float32Array; // per kind; the sum is 1
  readonly maps: Float32Array | null; // (GRID, GRID, kinds) class maps
  readonly oodScore: number | null; // out-of-distribution score
}

/** The answer for one key. */
export interface Verdict {
  readonly isKey: boolean; // false: out of distribution
  readonly kind: string | null; // null: not sure, or not a key
  readonly best: string; // the most probable kind
  readonly probability: number; // of `best`
  readonly probabilities: readonly { readonly kind: string; readonly probability: number }[]; // highest first
}

/** Apply the card's thresholds to the outputs. */
export function verdictOf({ probabilities, oodScore }: ClassifierOutputs, card: Card): Verdict {
  const sorted = card.kinds
    .map((kind, i) => ({ kind, probability: clamp(probabilities[i] ?? 0, 0, 1) })) // rounding may leave 0..1
    .sort((entry, other) => other.probability - entry.probability);
  const { kind: best, probability } = sorted[0] as { kind: string; probability: number };
  const isKey = oodScore === null || card.oodThreshold === null || oodScore <= card.oodThreshold;
  const isSure = isKey && probability >= card.confidenceThreshold;
  return { isKey, kind: isSure ? best : null, best, probability, probabilities: sorted };
}
