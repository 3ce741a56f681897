/**
 * What the user changes in an answer.
 *
 * In:    entries and keys as they are stored
 * Out:   changed copies: keys in reading order, what is not a key last
 * Needs: describe.ts, core/order.ts, storage
 */

import { inReadingOrder } from '../../core/order';
import type { PhotoResult } from '../../engine/protocol';
import { NOT_A_KEY, SAID_NOT_A_KEY, SAID_NOT_SURE } from '../storage/corrections';
import type { Entry, EntryPhoto, StoredKey } from '../storage/entries';
import { isKey } from './describe';

/** Return what names a key of a photo: its place. */
export function idOf({ box }: Pick<StoredKey, 'box'>): string {
  return box.join();
}

/** Return keys in reading order, what is not a key last: a key's number is its place in the list. */
export function arranged(keys: readonly StoredKey[]): StoredKey[] {
  return [...inReadingOrder(keys.filter(isKey)), ...inReadingOrder(keys.filter((key) => !isKey(key)))];
}

/** Return the number of a key in a list of keys; null: the only one, or the whole photo, needs none. */
export function numberOf(keys: readonly StoredKey[], index: number): number | null {
  return keys.length === 1 ? null : index + 1;
}

/** Return an entry with other keys in one of its photos. */
export function withKeys(entry: Entry, photo: number, keys: readonly StoredKey[]): Entry {
  const photos = entry.photos.map((each, i): EntryPhoto => {
    return i === photo ? { ...each, keys: arranged(keys) } : each;
  });
  return { ...entry, photos };
}

/** Return a key with what the user says it is; undefined: nothing. */
export function corrected(key: StoredKey, correction: string | undefined, photoId?: number): StoredKey {
  const { correction: _, photoId: __, ...rest } = key;
  return {
    ...rest,
    ...(correction === undefined ? {} : { correction }),
    ...(photoId === undefined ? {} : { photoId }),
  };
}

/** Return what the app said about a key, as corrections are stored. */
export function saidOf({ verdict }: StoredKey): string {
  return verdict.isKey ? (verdict.kind ?? SAID_NOT_SURE) : SAID_NOT_A_KEY;
}

/** Return a key that the user marked, or said to be one, from its classification. */
export function markedKey({ box, head, tip, verdict, causes, measurements, features }: Result): StoredKey {
  return { box, head, tip, verdict, causes, measurements, features, isMarked: true };
}

/** Return a detection that is a key after all: its place stays, its verdict is the one for a key. */
export function promoted(key: StoredKey, { verdict, causes }: Result): StoredKey {
  const found = corrected(key, undefined);
  if (key.verdict.isKey && key.correction === NOT_A_KEY) return found;
  return { ...found, verdict, causes };
}

type Result = PhotoResult['keys'][number];
