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

/** Prototypes of one network, ready to be compared with: made once, as live answers ask for each frame. */
export type Gallery = readonly Member[];

interface Member {
  readonly index: number; // of the prototype
  readonly vectors: readonly Float32Array[];
  readonly mean: Float32Array; // of the vectors, unit length
  readonly crowding: number; // by which similarities to it are too high, since others resemble it, too
}

/** Return the prototypes of a network as a gallery; those of another are left out. */
export function galleryOf(prototypes: readonly Prototype[], network: string): Gallery {
  const members = prototypes.flatMap((prototype, index): Member[] =>
    prototype.network === network
      ? [{ index, vectors: prototype.vectors, mean: unit(meanOf(prototype.vectors)), crowding: 0 }]
      : [],
  );
  return members.map((member) => ({ ...member, crowding: crowdingOf(member, members) }));
}

/**
 * Return which key of a gallery one with these features is, or that it is none of them.
 *
 * The default of `leastSimilarity` was fitted to the bundled model. Throws a RangeError if the number of features differs
 * from that of a prototype.
 */
export function match(
  features: ArrayLike<number>,
  gallery: Gallery,
  leastSimilarity: number = LEAST_SIMILARITY,
): Match {
  const vector = unit(features);
  const [best, second] = gallery
    .map((member) => ({ index: member.index, similarity: similarityOf(vector, member) - member.crowding }))
    .sort((entry, other) => other.similarity - entry.similarity);
  if (!best) return { index: null, nearest: null, similarity: -1, margin: 0 };
  const { index, similarity } = best;
  const margin = similarity - (second?.similarity ?? -1);
  return { index: similarity >= leastSimilarity ? index : null, nearest: index, similarity, margin };
}

/** Return how similar a unit vector is, -1..1: the mean of its cosines with the nearest photo and the mean of all. */
function similarityOf(vector: Float32Array, { vectors, mean }: Omit<Member, 'crowding'>): number {
  const nearest = Math.max(...vectors.map((other) => dot(vector, other)));
  return (nearest + dot(mean, vector)) / 2;
}

/** Return the correction of a member among others, as in predict/prototypes.py. */
function crowdingOf(member: Member, members: readonly Member[]): number {
  const rivals = members
    .filter((other) => other !== member)
    .flatMap(({ vectors }) => vectors.map((vector) => similarityOf(vector, member)))
    .sort((a, b) => b - a)
    .slice(0, RIVALS);
  if (rivals.length === 0) return 0;
  const level = rivals.reduce((sum, value) => sum + value, 0) / rivals.length;
  return clamp(CROWDING * (level - USUAL_RIVAL), 0, MAX_CROWDING);
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
