/**
 * What lists show of an entry: small enough to read a thousand at once, because the photos are elsewhere.
 *
 * In:    Entry
 * Out:   Summary
 * Needs: nothing
 */

import { NOT_A_KEY } from './corrections';
import type { Entry, StoredKey } from './entries';

/** The answer for a key, after the user's correction. */
export interface SummaryKey {
  readonly kind: string | null; // null: not sure, or not a key
  readonly isKey: boolean;
  readonly isCorrected: boolean;
  readonly probability: number; // that it is of the kind; 1 if the user has said so
  readonly myKey: string | null; // name of the user's key that it is
}

/** An entry in a list. */
export interface Summary {
  readonly id: number; // of the entry; also its time, ms since 1970
  readonly group: number | null;
  readonly name: string | null; // of the file
  readonly photoCount: number;
  readonly bytes: number; // of photos and thumbnails
  readonly ofKeys: boolean;
  readonly keys: readonly SummaryKey[]; // what is no key comes last
  readonly deleted?: number; // when the user deleted it, ms since 1970, while that can be undone
}

/** Summarise an entry; photos of one key are one key. */
export function summaryOf(entry: Entry): Summary {
  const photos = entry.photos;
  return {
    id: entry.id,
    group: entry.group,
    name: entry.name ?? null,
    photoCount: photos.length,
    bytes: photos.reduce((sum, { photo, thumbnail }) => sum + photo.size + thumbnail.size, 0),
    ofKeys: entry.ofKeys,
    keys: entry.combined
      ? combinedKeys(entry)
      : sorted(photos.flatMap(({ keys }) => keys.map((key) => keyOf(key)))),
  };
}

/** Return the one key of several photos: the user's correction of any of them counts for all. */
function combinedKeys({ combined, photos }: Entry): SummaryKey[] {
  const keys = photos.flatMap((photo) => photo.keys);
  const first = keys[0];
  if (!combined || !first) return [];
  const corrected = keys.find(({ correction }) => correction !== undefined);
  const mine = keys.find(({ myKey }) => myKey)?.myKey;
  const { correction, isMarked } = corrected ?? first;
  const key: StoredKey = { ...first, verdict: combined };
  return [
    keyOf({
      ...key,
      ...(correction === undefined ? {} : { correction }),
      ...(isMarked === undefined ? {} : { isMarked }),
      ...(mine ? { myKey: mine } : {}),
    }),
  ];
}

function keyOf({ verdict, correction, isMarked, myKey }: StoredKey): SummaryKey {
  const isCorrected = correction !== undefined;
  return {
    kind: isCorrected ? correction || null : verdict.isKey ? verdict.kind : null,
    isKey: isCorrected ? correction !== NOT_A_KEY : verdict.isKey,
    isCorrected: isCorrected || isMarked === true,
    probability: isCorrected ? 1 : verdict.probability,
    myKey: myKey ?? null,
  };
}

function sorted(keys: readonly SummaryKey[]): SummaryKey[] {
  return [...keys.filter(({ isKey }) => isKey), ...keys.filter(({ isKey }) => !isKey)];
}
