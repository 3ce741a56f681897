/**
 * The classifier's outputs for a crop, and what is known about the detection -> a kind, "not sure" or "not a key".
 *
 * In:    ClassifierOutputs, Evidence; the Rule: the model's Card and the Decision
 * Out:   Verdict
 * Needs: card.ts, decision.ts, numbers.ts
 *
 * Same results as predict/recogniser.py. Temperature scaling is part of the network.
 */

import type { Card } from './card';
import { calibratedProbabilities, type Decision, decide, type Evidence, type Reason } from './decision';
import { clamp } from './numbers';

/** The outputs of the classifier for one crop. */
export interface ClassifierOutputs {
  readonly probabilities: Float32Array; // per kind; the sum is 1
  readonly maps: Float32Array | null; // (GRID, GRID, kinds) class maps
  readonly oodScore: number | null; // out-of-distribution score
  readonly features: Float32Array | null; // (card.features,) the appearance of the crop, for prototypes.ts
}

/** What turns outputs into answers. */
export interface Rule {
  readonly card: Card;
  readonly decision: Decision;
}

/** The answer for one key. */
export interface Verdict {
  readonly isKey: boolean;
  readonly kind: string | null; // null: not known, or not a key
  readonly reason: Reason | null; // why the kind of a key is not known
  readonly best: string; // the most probable kind
  readonly probability: number; // that it is a key of the kind `best`
  readonly probabilities: readonly { readonly kind: string; readonly probability: number }[]; // highest first
}

/** Decide what one detection is. */
export function verdictOf(
  { probabilities, oodScore }: ClassifierOutputs,
  evidence: Evidence,
  { card, decision }: Rule,
): Verdict {
  const clamped = card.kinds.map((_, i) => clamp(probabilities[i] ?? 0, 0, 1)); // rounding may leave 0..1
  const decided = decide(clamped, oodScore, evidence, decision, card);
  const { isKey, isKnown, reason } = decided;
  const calibrated = calibratedProbabilities(clamped, decided, decision);
  const sorted = card.kinds
    .map((kind, i) => ({ kind, probability: calibrated[i] as number }))
    .sort((entry, other) => other.probability - entry.probability);
  const { kind: best, probability } = sorted[0] as { kind: string; probability: number };
  return { isKey, kind: isKnown ? best : null, reason, best, probability, probabilities: sorted };
}
