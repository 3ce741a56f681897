/**
 * Evidence about a detection -> is it a key, is its kind known, and if not, why.
 *
 * In:    Evidence and the classifier's outputs for one key; a Decision
 * Out:   Decided: whether it is a key, whether its kind is known, or the reason that it is not
 * Needs: card.ts, constants.json, numbers.ts
 *
 * Same results as model/decision.py.
 */

import type { Card } from './card';
import constants from './constants.json';
import type { Detection } from './detection';
import { lengthOf } from './detection';
import { clamp } from './numbers';

const C = constants.decision;
const { SIZE } = constants.card;
const LEAST_PROBABILITY = 1e-9; // probabilities are kept this far from 0 and 1 before their logit is taken
const MAX_LOGIT = 60; // sums beyond it are as good as infinite

/** Why a key has no kind. */
export const REASONS = ['unknown_kind', 'blade_hidden', 'too_small', 'cut_off', 'blurred'] as const;
export type Reason = (typeof REASONS)[number];

/** What is known about a detection beside the classifier's outputs; null without a detection. */
export interface Evidence {
  readonly score: number | null;
  readonly length: number | null; // from head to tip, px of the photo
  readonly bladeShare: number | null;
  readonly occlusion: number | null;
  readonly truncation: number | null;
  readonly remote: boolean;
  readonly sharpness: number | null; // of the crop, as causes.ts measures it
}

/** A logistic model; features that are not named have no weight. */
interface Logistic {
  readonly intercept: number;
  readonly weights: Readonly<Record<string, number>>;
}

/** When something detected is a key, and when its kind is known. */
export interface Decision {
  readonly key: Logistic;
  readonly remote: Logistic; // P(key) of what the detector takes for a remote
  readonly kind: Logistic;
  readonly centres: Readonly<Record<string, number>>; // feature -> its mean
  readonly minScore: number; // detections below it are not considered
  readonly keyThreshold: number; // on P(key)
  readonly kindThreshold: number; // on P(key) P(kind | key)
  readonly isFitted: boolean; // to this classifier; otherwise its probabilities are reported as they are
}

/** A decision as JSON, as Python writes it. */
interface DecisionJson {
  readonly schema: number;
  readonly key: Logistic;
  readonly remote: Logistic;
  readonly kind: Logistic;
  readonly centres: Readonly<Record<string, number>>;
  readonly min_score: number;
  readonly key_threshold: number;
  readonly kind_threshold: number;
  readonly classifier: string | null; // SHA-256 of the model file that it was fitted to
}

/** The decision about one detection. */
export interface Decided {
  readonly isKey: boolean;
  readonly isKnown: boolean; // whether the most probable kind is the answer
  readonly reason: Reason | null; // for a key without a kind
  readonly keyProbability: number;
  readonly kindProbability: number; // that the most probable kind is right, if it is a key
}

/** Return a decision from its JSON. Throws an Error for another schema. */
export function readDecision(json: unknown): Decision {
  const { schema, min_score, key_threshold, kind_threshold, classifier, ...models } = json as DecisionJson;
  if (schema !== C.SCHEMA)
    throw new Error(`the decision has schema ${schema}; this app reads ${C.SCHEMA}: build it again`);
  const { key, remote, kind, centres } = models;
  const thresholds = { minScore: min_score, keyThreshold: key_threshold, kindThreshold: kind_threshold };
  return { key, remote, kind, centres, ...thresholds, isFitted: classifier !== null };
}

/** Return the decision for a model that none was fitted to; its card has the confidence threshold. */
export function defaultDecision(card: Card): Decision {
  return { ...readDecision(C.DEFAULT), kindThreshold: card.confidenceThreshold };
}

/** Return what is known about a detection; null: the whole photo. */
export function evidenceOf(detection: Detection | null, sharpness: number): Evidence {
  if (detection === null) return NO_DETECTION;
  const { score, bladeShare, occlusion, truncation, remote } = detection;
  return { score, length: lengthOf(detection), bladeShare, occlusion, truncation, remote, sharpness };
}

const NO_DETECTION: Evidence = {
  score: null,
  length: null,
  bladeShare: null,
  occlusion: null,
  truncation: null,
  remote: false,
  sharpness: null,
};

/** Decide about one detection, of a model with this card. */
export function decide(
  probabilities: readonly number[],
  oodScore: number | null,
  evidence: Evidence,
  decision: Decision,
  card: Card,
): Decided {
  const features = featuresOf(probabilities, oodScore, evidence, card);
  const { remote } = evidence;
  const keyProbability = probabilityOf(remote ? decision.remote : decision.key, features, decision.centres);
  const kindProbability = probabilityOf(decision.kind, features, decision.centres);
  const isKey = keyProbability >= decision.keyThreshold;
  const isKnown = isKey && !remote && keyProbability * kindProbability >= decision.kindThreshold;
  const reason = isKey && !isKnown ? reasonOf(evidence) : null;
  return { isKey, isKnown, reason, keyProbability, kindProbability };
}

/**
 * Return how probable it is that a detection is a key of each kind.
 *
 * The classifier's probabilities, as if every crop showed a key of a kind that it knows, are scaled so that the largest
 * is P(key) P(kind | key); what is missing to a sum of 1 is the probability of anything else.
 */
export function calibratedProbabilities(
  probabilities: readonly number[],
  { keyProbability, kindProbability }: Decided,
  { isFitted }: Decision,
): number[] {
  if (!isFitted) return [...probabilities];
  const [largest, probability] = [Math.max(...probabilities), keyProbability * kindProbability];
  const best = probabilities.indexOf(largest);
  if (probability <= largest)
    return probabilities.map((value) => value * (probability / Math.max(largest, LEAST_PROBABILITY)));
  const others = (1 - probability) / Math.max(1 - largest, LEAST_PROBABILITY);
  return probabilities.map((value, i) => (i === best ? probability : value * others));
}

/** Return why the kind of a key is not known: the first measurement beyond its limit. */
export function reasonOf(evidence: Evidence): Reason {
  const { remote, bladeShare, occlusion, truncation, length, sharpness } = evidence;
  const isBladeSeen = bladeShare === null || bladeShare >= C.LEAST_BLADE_SHARE;
  if (remote || !isBladeSeen || (occlusion ?? 0) > C.MOST_OCCLUDED) return 'blade_hidden';
  if ((truncation ?? 0) > C.MOST_TRUNCATED) return 'cut_off';
  if (length !== null && length < C.SMALL_LENGTH) return 'too_small';
  if (sharpness !== null && sharpness < C.BLURRED_SHARPNESS) return 'blurred';
  return 'unknown_kind';
}

type Features = Readonly<Record<string, number | null>>;

/** Return the value of each feature; null where it is missing. */
function featuresOf(
  probabilities: readonly number[],
  oodScore: number | null,
  evidence: Evidence,
  card: Card,
): Features {
  const { score, length, bladeShare, occlusion, truncation, sharpness } = evidence;
  const { oodThreshold } = card;
  return {
    score: score === null ? null : logit(score),
    ood: oodScore === null || !oodThreshold ? null : clamp(oodScore / oodThreshold, 0, C.MAX_OOD),
    confidence: logit(Math.max(...probabilities)),
    entropy: entropy(probabilities),
    length: length === null ? null : Math.log2(clamp(length, C.MIN_LENGTH, SIZE) / SIZE),
    blade_share: bladeShare,
    occlusion,
    truncation,
    sharpness: sharpness === null ? null : Math.log10(clamp(sharpness, C.MIN_SHARPNESS, C.MAX_SHARPNESS)),
  };
}

function probabilityOf(model: Logistic, features: Features, centres: Decision['centres']): number {
  let sum = model.intercept;
  for (const [name, weight] of Object.entries(model.weights)) {
    const value = features[name] ?? null;
    if (value !== null) sum += weight * (value - (centres[name] ?? 0));
  }
  return 1 / (1 + Math.exp(-clamp(sum, -MAX_LOGIT, MAX_LOGIT)));
}

function logit(probability: number): number {
  const clipped = clamp(probability, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY);
  return clamp(Math.log(clipped / (1 - clipped)), -C.LOGIT_LIMIT, C.LOGIT_LIMIT);
}

/** Return the entropy of probabilities as a share of the largest possible. */
function entropy(probabilities: readonly number[]): number {
  let sum = 0;
  for (const value of probabilities) if (value > 0) sum -= value * Math.log(value);
  return sum / Math.log(probabilities.length);
}
