/**
 * Several photos of one key are one answer.
 *
 * In:    entries, photos and the keys in them
 * Out:   an entry whose photos have one key each, and the verdict of all of them; or why they are not of one key
 * Needs: core/combine.ts, changes.ts, describe.ts
 */

import { type Contribution, combineVerdicts } from '../../core/combine';
import type { Decision } from '../../core/decision';
import { areaOf } from '../../core/overlap';
import type { Verdict } from '../../core/verdict';
import type { Entry, EntryPhoto, StoredKey } from '../storage/entries';
import { isKey, isWhole, kindOf } from './describe';

/** Why photos are not combined: one shows no key; they show keys of different kinds. */
export type Problem = 'none' | 'different';

/** Photos of one key, or why they are not. */
export type Combined = { readonly entry: Omit<Entry, 'id'> } | { readonly problem: Problem };

const CLEARLY = 0.7; // probability of a kind from which another kind is another key

/** What turns probabilities into answers. */
export type Rule = Pick<Decision, 'kindThreshold'>;

/** Return an entry of a key and another photo of it. key: of photo `index` of the entry. */
export function withPhoto(
  entry: Entry,
  [index, key]: readonly [number, StoredKey],
  added: EntryPhoto,
  rule: Rule,
): Combined {
  const { photos } = entry;
  const before =
    photos.length > 1 ? photos : photos.slice(index, index + 1).map((each) => withKey(each, key));
  const match = matchOf(before.map(keyOf), added);
  if (typeof match === 'string') return { problem: match };
  return { entry: combined(entry, [...before, withKey(added, match)], rule) };
}

/** Return one entry of several entries' photos, all of one key; each photo's most prominent one is meant. */
export function combineEntries(entries: readonly Entry[], rule: Rule): Combined {
  const [first] = entries;
  const photos: EntryPhoto[] = [];
  for (const photo of entries.flatMap((entry) => entry.photos)) {
    const match = matchOf(photos.map(keyOf), photo);
    if (typeof match === 'string') return { problem: match };
    photos.push(withKey(photo, match));
  }
  return first ? { entry: combined(first, photos, rule) } : { problem: 'none' };
}

/** Return an entry without one of its photos. */
export function removedPhoto(entry: Entry, index: number, rule: Rule): Entry {
  const photos = entry.photos.filter((_, i) => i !== index);
  return { ...entry, ...combined(entry, photos, rule) };
}

/** Return what each photo added to the answer. */
export function stepsOf({ photos }: Pick<Entry, 'photos'>, rule: Rule): readonly Contribution[] {
  return combineVerdicts(verdictsOf(photos), rule).contributions;
}

function combined(
  { kinds, ofKeys, group }: Entry,
  photos: readonly EntryPhoto[],
  rule: Rule,
): Omit<Entry, 'id'> {
  const verdict = photos.length > 1 ? combineVerdicts(verdictsOf(photos), rule).verdict : null;
  return { photos, combined: verdict, kinds, ofKeys, group };
}

function verdictsOf(photos: readonly EntryPhoto[]): Verdict[] {
  return photos.map((photo) => keyOf(photo).verdict);
}

/** Return the key of a photo that is the same as those of other photos: the largest, else one of their kind; or why not. */
function matchOf(others: readonly StoredKey[], { keys }: EntryPhoto): StoredKey | Problem {
  const found = keys.filter((key) => isKey(key) || isWhole(key));
  const [largest, ...rest] = found.sort((one, other) => areaOf(other.box) - areaOf(one.box));
  if (!largest) return 'none';
  if (others.every((other) => !areDifferent(largest, other))) return largest;
  const kinds = others.map(kindOf);
  return rest.find((key) => kindOf(key) !== null && kinds.includes(kindOf(key))) ?? 'different';
}

/** Return whether two keys are clearly of different kinds. */
function areDifferent(key: StoredKey, other: StoredKey): boolean {
  const [one, two] = [kindOf(key), kindOf(other)];
  return one !== null && two !== null && one !== two && isClear(key) && isClear(other);
}

function isClear({ verdict, correction }: StoredKey): boolean {
  return correction !== undefined || verdict.probability >= CLEARLY;
}

function withKey(photo: EntryPhoto, key: StoredKey): EntryPhoto {
  return { ...photo, keys: [key] };
}

function keyOf({ keys }: EntryPhoto): StoredKey {
  const [key] = keys;
  if (!key) throw new Error('the photo has no key');
  return key;
}
