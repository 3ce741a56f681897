/**
 * Recognise one's own keys by their appearance: features of a few photos of each -> which of them a key is.
 *
 * In:    features of crops (ClassifierOutputs.features); the SHA-256 of the network that they are from (Card.network)
 * Out:   Prototype of a key; Match: the key, or none of them
 * Needs: constants.json, numbers.ts
 *
 * Same results as predict/prototypes.py. Appearance only: nothing is measured, and no depth of a cut is computed or stored.
 */

import constants from './constants.json';
import { clamp } from './numbers';

export const { MIN_PHOTOS, MAX_PHOTOS, MAX_VECTORS, LEAST_SIMILARITY } = constants.prototypes;
const { SCHEMA, MAX_FEATURES, DIGITS, MIN_LENGTH } = constants.prototypes;
const { RIVALS, USUAL_RIVAL, CROWDING, MAX_CROWDING } = constants.prototypes;

/** What is kept of the photos of one key. */
export interface Prototype {
  readonly network: string; // SHA-256 of the network: features of another do not compare
  readonly vectors: readonly Float32Array[]; // one per photo, unit length
}

/** A prototype as JSON, e.g. in an exported file. */
export interface PrototypeJson {
  readonly schema: number;
  readonly network: string;
  readonly vectors: readonly (readonly number[])[];
}

/** How a key compares with the prototypes. */
export interface Match {
  readonly index: number | null; // of the prototype that it is; null: none of them
  readonly nearest: number | null; // of the most similar one, even if it is too unlike; null: none can be compared
  readonly similarity: number; // to the nearest, less its correction for one's other keys
  readonly margin: number; // by which the next most similar one is less similar, 0..2
}

/**
 * Return the prototype of a key from the features of photos of it.
 *
 * MIN_PHOTOS to MAX_PHOTOS are best, of both faces, on different grounds and in different light. Throws a RangeError if there
 * are none or more than MAX_VECTORS, or if they are no finite vectors of one length.
 */
export function enrol(features: readonly ArrayLike<number>[], network: string): Prototype {
  const [first] = features;
  if (!first || features.length > MAX_VECTORS)
    throw new RangeError(`features of ${features.length} photos, not 1 to ${MAX_VECTORS}`);
  if (
    first.length < 1 ||
    first.length > MAX_FEATURES ||
    features.some(({ length }) => length !== first.length)
  )
    throw new RangeError(`features of the lengths ${features.map(({ length }) => length).join(', ')}`);
  const vectors = features.map(unit);
  if (!vectors.every((vector) => vector.every(Number.isFinite)))
    throw new RangeError('features that are not finite');
  return { network, vectors };
}

/**
 * Return which prototype a key with these features is, or that it is none of them.
 *
 * Prototypes of another network are ignored. The default of `leastSimilarity` was fitted to the bundled model. Throws a
 * RangeError if the number of features differs from that of a prototype of the same network.
 */
export function match(
  features: ArrayLike<number>,
  prototypes: readonly Prototype[],
  network: string,
  leastSimilarity: number = LEAST_SIMILARITY,
): Match {
  const vector = unit(features);
  const compared = prototypes
    .map((prototype, index) => ({ prototype, index }))
    .filter(({ prototype }) => prototype.network === network)
    .map(({ prototype, index }, _, known) => ({
      index,
      similarity: similarityOf(vector, prototype) - crowdingOf(prototype, known, prototypes),
    }))
    .sort((entry, other) => other.similarity - entry.similarity);
  const [best, second] = compared;
  if (!best) return { index: null, nearest: null, similarity: -1, margin: 0 };
  const { index, similarity } = best;
  const margin = similarity - (second?.similarity ?? -1);
  return { index: similarity >= leastSimilarity ? index : null, nearest: index, similarity, margin };
}

/**
 * Return how similar a vector of unit length is to a prototype, -1..1: the mean of its cosines with the nearest photo and with
 * the mean of all photos.
 */
export function similarityOf(vector: Float32Array, { vectors }: Prototype): number {
  const nearest = Math.max(...vectors.map((other) => dot(vector, other)));
  return (nearest + dot(unit(meanOf(vectors)), vector)) / 2;
}

/** Corrections of prototypes among others: they change with the keys only, and matching runs for each frame. */
const corrections = new WeakMap<readonly Prototype[], Map<Prototype, number>>();

/**
 * Return by how much similarities to a prototype are too high, since one's other keys resemble it, too: as in
 * predict/prototypes.py. list: the object that `known` comes from, which must not change afterwards.
 */
function crowdingOf(
  prototype: Prototype,
  known: readonly { readonly prototype: Prototype }[],
  list: readonly Prototype[],
): number {
  const cached = corrections.get(list) ?? new Map<Prototype, number>();
  corrections.set(list, cached);
  const found = cached.get(prototype);
  if (found !== undefined) return found;
  const rivals = known
    .filter((other) => other.prototype !== prototype)
    .flatMap((other) => other.prototype.vectors.map((vector) => similarityOf(vector, prototype)))
    .sort((a, b) => b - a)
    .slice(0, RIVALS);
  const level = rivals.reduce((sum, value) => sum + value, 0) / Math.max(rivals.length, 1);
  const correction = rivals.length > 0 ? clamp(CROWDING * (level - USUAL_RIVAL), 0, MAX_CROWDING) : 0;
  cached.set(prototype, correction);
  return correction;
}

/** Return a prototype as JSON values, rounded as in Python. */
export function prototypeToJson({ network, vectors }: Prototype): PrototypeJson {
  const scale = 10 ** DIGITS;
  const rounded = vectors.map((vector) => Array.from(vector, (value) => Math.round(value * scale) / scale));
  return { schema: SCHEMA, network, vectors: rounded };
}

/** Return the prototype in JSON values from anywhere, e.g. an imported file. Throws a RangeError for anything else. */
export function prototypeFromJson(value: unknown): Prototype {
  const { schema, network, vectors } = (value ?? {}) as Partial<Record<keyof PrototypeJson, unknown>>;
  if (schema !== SCHEMA || typeof network !== 'string' || !Array.isArray(vectors))
    throw new RangeError(`not a prototype of schema ${SCHEMA}`);
  const areNumbers = (vector: unknown): boolean =>
    Array.isArray(vector) && vector.every((number) => typeof number === 'number');
  if (!vectors.every(areNumbers)) throw new RangeError('a prototype with vectors that are no numbers');
  return enrol(vectors as number[][], network);
}

function meanOf(vectors: readonly Float32Array[]): Float32Array {
  const [first] = vectors as readonly [Float32Array];
  return first.map((_, i) => vectors.reduce((sum, vector) => sum + (vector[i] ?? 0), 0) / vectors.length);
}

function unit(vector: ArrayLike<number>): Float32Array {
  const values = Float32Array.from(vector);
  const length = Math.max(Math.sqrt(dot(values, values)), MIN_LENGTH);
  return values.map((value) => value / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} features instead of ${b.length}`);
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}
