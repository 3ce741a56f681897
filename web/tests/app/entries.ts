/** Entries for unit tests. */

import type { Entry, EntryPhoto, StoredKey } from '../../src/app/storage/entries';
import type { Verdict } from '../../src/core/verdict';
import { KINDS, keyAt, verdict } from '../core/keys';

/** Return a key; `more`: what differs. */
export function keyOf(answer: Verdict, more: Partial<StoredKey> = {}): StoredKey {
  const { box, head, tip } = keyAt([10, 10], [40, 10]);
  const measurements = {} as StoredKey['measurements'];
  return { box, head, tip, verdict: answer, causes: [], measurements, features: null, ...more };
}

/** Return a photo of 100 x 80 px with these keys. */
export function photoOf(keys: readonly StoredKey[], more: Partial<EntryPhoto> = {}): EntryPhoto {
  const [photo, thumbnail] = [new Blob(['a photo']), new Blob(['small'])];
  return { photo, thumbnail, width: 100, height: 80, brightness: 0.5, keys, ...more };
}

/** Return an entry of these photos. */
export function entryOf(photos: readonly EntryPhoto[], more: Partial<Entry> = {}): Entry {
  return { id: 1, photos, combined: null, kinds: KINDS, ofKeys: true, group: null, ...more };
}

export { verdict };
