/**
 * Several photos of one key -> one answer, and what each photo added to it.
 *
 * In:    the verdict of each photo; the Decision's threshold
 * Out:   Combined: a verdict of the same type as one photo's; the probability of its kind after each photo
 * Needs: decision.ts, verdict.ts
 *
 * A photo's calibrated probabilities, with "anything else" as one more answer, are multiplied with those of the others,
 * each raised to a power. For n photos that count the same it is n^0.75 / n: between 1 / n (photos that all show the
 * same) and 1 (photos whose errors are independent). A photo counts less if it is unsure for a fault that another photo
 * need not have, such as blur, and the more probable "anything else" is: it says little about which kind a key is.
 * benchmarks/several_photos.py compares this with other rules. The answers of photos are enough: those in the history
 * can be combined without their pixels.
 *
 * Source: Genest and Zidek 1986, Combining probability distributions (logarithmic opinion pool); Kish 1965, Survey
 * sampling (effective sample size of a weighted sample).
 */

import type { Decision, Reason } from './decision';
import type { Verdict } from './verdict';

const INDEPENDENCE = 0.75; // power of the number of photos: 0 if they all show the same, 1 if errors are independent
const FAULTY_WEIGHT = 0.5; // of a photo that is not sure because of the photo, not of the key
const LEAST_KNOWN = 0.02; // probability of any of the kinds, below which a photo does not count even less
const LEAST_PROBABILITY = 1e-4; // of any answer in one photo, which must not rule it out

/** Reasons that lie in the photo: another photo may do better. */
const FAULTS: ReadonlySet<Reason | null> = new Set<Reason | null>([
  'blade_hidden',
  'too_small',
  'cut_off',
  'blurred',
]);

/** What one photo added. */
export interface Contribution {
  readonly before: number | null; // probability of the final kind before this photo; null: it is the first
  readonly after: number; // and with it
}

/** The answer from several photos of one key. */
export interface Combined {
  readonly verdict: Verdict;
  readonly contributions: readonly Contribution[]; // of the photos, in their order
}

/**
 * Return the answer from several photos of one key.
 *
 * Throws a RangeError without verdicts, or if they are from models of different kinds.
 */
export function combineVerdicts(
  verdicts: readonly Verdict[],
  { kindThreshold }: Pick<Decision, 'kindThreshold'>,
): Combined {
  const [first] = verdicts;
  if (!first) throw new RangeError('there is no photo to combine');
  const verdict = verdicts.length === 1 ? first : verdictOver(verdicts, kindThreshold);
  const counts = verdicts.map((_, i) => i + 1);
  const probabilities = counts.map((count) => pooled(verdicts.slice(0, count)).get(verdict.best) as number);
  const contributions = probabilities.map((after, i) => ({ before: probabilities[i - 1] ?? null, after }));
  return { verdict, contributions };
}

function verdictOver(verdicts: readonly Verdict[], kindThreshold: number): Verdict {
  const probabilities = [...pooled(verdicts)]
    .map(([kind, probability]) => ({ kind, probability }))
    .sort((one, other) => other.probability - one.probability);
  const { kind: best, probability } = probabilities[0] as Verdict['probabilities'][number];
  const answers = { best, probability, probabilities };
  const isLikely = probability >= kindThreshold;
  const isKey = isLikely || share(verdicts, (verdict) => verdict.isKey) >= 0.5;
  if (!isKey) return { isKey, kind: null, reason: null, ...answers };
  const isHidden = share(verdicts, ({ reason }) => reason === 'blade_hidden') > 0.5; // a remote, as in one photo
  if (isLikely && !isHidden) return { isKey, kind: best, reason: null, ...answers };
  return { isKey, kind: null, reason: commonReason(verdicts), ...answers };
}

/** Return kind -> probability over photos; what is missing to a sum of 1 is the probability of anything else. */
function pooled(verdicts: readonly Verdict[]): Map<string, number> {
  const kinds = verdicts[0]?.probabilities.map(({ kind }) => kind) ?? [];
  const photos = verdicts.map((verdict) => answersOf(verdict, kinds));
  const exponents = exponentsOf(verdicts.map((verdict, i) => weightOf(verdict, photos[i] as number[])));
  if (verdicts.length === 1) return new Map(kinds.map((kind, i) => [kind, photos[0]?.[i] as number]));
  const logits = [...kinds, null].map((_, i) =>
    photos.reduce((sum, answers, photo) => {
      const probability = Math.max(answers[i] as number, LEAST_PROBABILITY);
      return sum + (exponents[photo] as number) * Math.log(probability);
    }, 0),
  );
  const largest = Math.max(...logits);
  const values = logits.map((value) => Math.exp(value - largest));
  const total = values.reduce((sum, value) => sum + value, 0);
  return new Map(kinds.map((kind, i) => [kind, (values[i] as number) / total]));
}

/** Return the probability of each kind, and of anything else. */
function answersOf({ probabilities }: Verdict, kinds: readonly string[]): number[] {
  const byKind = new Map(probabilities.map(({ kind, probability }) => [kind, probability]));
  if (byKind.size !== kinds.length || !kinds.every((kind) => byKind.has(kind))) {
    throw new RangeError(
      `a photo was answered with the kinds ${[...byKind.keys()]}, the first with ${kinds}`,
    );
  }
  const known = kinds.map((kind) => byKind.get(kind) as number);
  return [...known, Math.max(1 - known.reduce((sum, value) => sum + value, 0), 0)];
}

/** Return the power of each photo: 1 for one photo; for n that count the same, n^INDEPENDENCE / n. */
function exponentsOf(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const effective = sum ** 2 / weights.reduce((total, weight) => total + weight ** 2, 0);
  return weights.map((weight) => (weight / sum) * effective ** INDEPENDENCE);
}

/** Return how much a photo counts; its last answer is the probability of anything else. */
function weightOf({ reason }: Verdict, answers: readonly number[]): number {
  const known = Math.max(1 - (answers[answers.length - 1] as number), LEAST_KNOWN);
  return Math.sqrt(known) * (FAULTS.has(reason) ? FAULTY_WEIGHT : 1);
}

function share(verdicts: readonly Verdict[], isCounted: (verdict: Verdict) => boolean): number {
  return verdicts.filter(isCounted).length / verdicts.length;
}

/** Return the reason that most photos have; of equally many, the first. */
function commonReason(verdicts: readonly Verdict[]): Reason {
  const counts = new Map<Reason, number>();
  for (const { reason } of verdicts) if (reason) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const [most] = [...counts].sort(([, count], [, other]) => other - count);
  return most?.[0] ?? 'unknown_kind';
}
