/**
 * What a model says of a crop -> the answer: a kind, "not sure", or "not a key".
 *
 * In:    Answer, Card
 * Out:   Verdict
 * Needs: card.ts
 *
 * The same as predict.py. The temperature is inside the network.
 */

import type { Card } from './card';
import { clamp } from './numbers';

/** What the network says of one crop. */
export interface Answer {
  readonly probabilities: Float32Array; // a number a kind, sum 1
  readonly maps: Float32Array | null; // (GRID, GRID, kinds): where the evidence for each kind stands
  readonly novelty: number | null; // how unlike the keys it was trained on
}

/** What is said of a key. */
export interface Verdict {
  readonly isKey: boolean; // false: too unlike every key
  readonly kind: string | null; // null: not sure
  readonly best: string; // the most probable kind
  readonly probability: number; // of it
  readonly probabilities: readonly { readonly kind: string; readonly probability: number }[]; // highest first
}

/** Return the answer. */
export function judge(answer: Answer, card: Card): Verdict {
  const all = card.kinds.map((kind, place) => ({
    kind,
    probability: clamp(answer.probabilities[place] ?? 0, 0, 1), // rounding in a small file may leave 0..1
  }));
  const sorted = [...all].sort((one, other) => other.probability - one.probability);
  const { kind: best, probability } = sorted[0] as { kind: string; probability: number };
  const { novelty } = answer;
  const isKey = novelty === null || card.mostNovelty === null || novelty <= card.mostNovelty;
  const sure = isKey && probability >= card.leastProbability;
  return { isKey, kind: sure ? best : null, best, probability, probabilities: sorted };
}
