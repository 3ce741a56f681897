/**
 * Several photos of one key are one answer.
 *
 * In:    entries, photos and the keys in them
 * Out:   an entry whose photos have one key each, and the verdict of all of them; or why they are not of one key
 * Needs: core/combine.ts, changes.ts, describe.ts
 */

import { combineVerdicts, type Verdict } from '../../core';
import { areaOf } from '../../core/overlap';
import type { Entry, EntryPhoto, StoredKey } from '../storage/entries';
import { isKey, isWhole, kindOf } from './describe';

/** Why photos are not combined: one shows no key; they show keys of different kinds. */
export type Problem = 'none' | 'different';

/** Photos of one key, or why they are not. */
export type Combined = { readonly entry: Omit<Entry, 'id'> } | { readonly problem: Problem };

const CLEARLY = 0.7; // probability of a kind from which another kind is another key

/** Return an entry of a key and another photo of it. key: of photo `index` of the entry. */
export function withPhoto(entry: Entry, index: number, key: StoredKey, added: EntryPhoto): Combined {
  const { photos } = entry;
  const before = photos.length > 1 ? photos : photos.slice(index, index + 1).map((each) => withKey(each, key));
  const match = matchOf(before.map(keyOf), added);
  if (typeof match === 'string') return { problem: match };
  return { entry: combined(entry, [...before, withKey(added, match)]) };
}

/** Return one entry of several entries' photos, all of one key; each photo's most prominent one is meant. */
export function combineEntries(entries: readonly Entry[]): Combined {
  const [first] = entries;
  const photos: EntryPhoto[] = [];
  for (const photo of entries.flatMap((entry) => entry.photos)) {
    const match = matchOf(photos.map(keyOf), photo);
    if (typeof match === 'string') return { problem: match };
    photos.push(withKey(photo, match));
  }
  return first ? { entry: combined(first, photos) } : { problem: 'none' };
}

/** Return an entry without one of its photos. */
export function removedPhoto(entry: Entry, index: number): Entry {
  return { ...entry, ...combined(entry, entry.photos.filter((_, i) => i !== index)) };
}

/** Return the verdicts after each photo: of the first, of the first two, and so on. */
export function verdictsAfter({ photos }: Pick<Entry, 'photos'>): Verdict[] {
  const verdicts = photos.map((photo) => keyOf(photo).verdict);
  return verdicts.map((verdict, i) => (i === 0 ? verdict : combineVerdicts(verdicts.slice(0, i + 1))));
}

function combined({ kinds, ofKeys, group }: Entry, photos: readonly EntryPhoto[]): Omit<Entry, 'id'> {
  const verdicts = verdictsAfter({ photos });
  return { photos, combined: photos.length > 1 ? (verdicts.at(-1) ?? null) : null, kinds, ofKeys, group };
}

/** Return the key of a photo that may be the same as those of other photos: the largest; or why there is none. */
function matchOf(others: readonly StoredKey[], { keys }: EntryPhoto): StoredKey | Problem {
  const found = keys.filter((key) => isKey(key) || isWhole(key));
  const alike = found.filter((key) => others.every((other) => !areDifferent(key, other)));
  const [largest] = alike.sort((one, other) => areaOf(other.box) - areaOf(one.box));
  return largest ?? (found.length ? 'different' : 'none');
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
