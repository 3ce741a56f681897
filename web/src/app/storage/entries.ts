/**
 * The history: photos and their answers, on this device.
 *
 * In:    Entry(s)
 * Out:   the same; summaries, the newest first; thumbnails
 * Needs: database.ts, summary.ts
 *
 * Pixels of all coordinates are those of the stored photo, which is smaller than a large original. An entry that the
 * user deletes is only hidden for as long as that can be undone.
 */

import type { Cause, Measurements, Verdict } from '../../core';
import type { Place } from '../../engine/protocol';
import { withBlobs } from './blobs';
import { persist, type StoreName, storable, transact, transactAll } from './database';
import { type Summary, summaryOf } from './summary';

/** A key and its answer, as it is stored. */
export interface StoredKey extends Place {
  readonly verdict: Verdict;
  readonly causes: readonly Cause[];
  readonly measurements: Measurements;
  readonly features: Float32Array | null;
  readonly isMarked?: boolean; // by the user: the detector had not found it
  readonly correction?: string; // what the user says it is: a kind, or NOT_A_KEY
  readonly photoId?: number; // of the corrected photo that was stored for training
  readonly myKey?: string; // name of the user's key that it is
}

/** A photo and the keys in it, in reading order; what is called "not a key" comes last. */
export interface EntryPhoto {
  readonly photo: Blob; // JPEG without EXIF
  readonly thumbnail: Blob; // JPEG
  readonly width: number; // of `photo`, px
  readonly height: number;
  readonly originalWidth?: number; // of the upright original, px; absent: that of `photo`
  readonly brightness: number; // mean, 0 to 1
  readonly keys: readonly StoredKey[];
}

/** An answer: to one photo, or to several photos of one key. */
export interface Entry {
  readonly id: number; // also the time when it was made, ms since 1970
  readonly name?: string; // of the file
  readonly photos: readonly EntryPhoto[];
  readonly combined: Verdict | null; // of several photos of one key
  readonly kinds: readonly string[]; // of the model
  readonly ofKeys: boolean;
  readonly group: number | null; // of photos that were imported together
}

const STORES: readonly StoreName[] = ['entries', 'summaries', 'thumbnails'];

/** Store an entry, or replace the one with the same id. */
export async function putEntry(entry: Entry): Promise<void> {
  persist();
  const stored = await storable(entry);
  const thumbnail = stored.photos[0]?.thumbnail;
  await transactAll(STORES, 'readwrite', (store) => {
    store('entries').put(stored);
    store('summaries').put(summaryOf(entry));
    if (thumbnail) store('thumbnails').put(thumbnail, entry.id);
    return () => undefined;
  });
}

/** Return whether an entry is stored, and not deleted, for example by another tab. */
export async function isEntryStored(id: number): Promise<boolean> {
  const request = (store: IDBObjectStore): IDBRequest => store.get(id);
  const summary = await transact<Summary | undefined>('summaries', 'readonly', request);
  return summary !== undefined && !summary.deleted;
}

/** Return an entry; null if it is not stored, or is deleted. */
export async function getEntry(id: number): Promise<Entry | null> {
  return (await getEntries([id]))[0] ?? null;
}

/** Return those entries that are stored, in the order of `ids`. */
export async function getEntries(ids: readonly number[]): Promise<Entry[]> {
  return transactAll(['entries', 'summaries'], 'readonly', (store) => {
    const requests = ids.map((id) => ({
      entry: store('entries').get(id) as IDBRequest<Entry | undefined>,
      summary: store('summaries').get(id) as IDBRequest<Summary | undefined>,
    }));
    return () =>
      requests.flatMap(({ entry, summary }) =>
        entry.result && !summary.result?.deleted ? [withBlobs(entry.result)] : [],
      );
  });
}

/** Return summaries of all entries, the newest first. */
export async function allSummaries(): Promise<Summary[]> {
  const summaries = await transact<Summary[]>('summaries', 'readonly', (store) => store.getAll());
  return summaries.filter(({ deleted }) => !deleted).reverse();
}

/** Return the id and the thumbnail of the newest entry; null if there is none. */
export async function newestEntry(): Promise<{ id: number; thumbnail: Blob } | null> {
  const [newest] = await allSummaries();
  const thumbnail = newest && (await getThumbnails([newest.id])).get(newest.id);
  return newest && thumbnail ? { id: newest.id, thumbnail } : null;
}

/** Return the thumbnails of entries, by id. */
export async function getThumbnails(ids: readonly number[]): Promise<Map<number, Blob>> {
  return transactAll(['thumbnails'], 'readonly', (store) => {
    const requests = ids.map((id) => [id, store('thumbnails').get(id)] as const);
    return () =>
      new Map(requests.flatMap(([id, { result }]) => (result ? [[id, withBlobs(result as Blob)]] : [])));
  });
}

/** Hide entries that the user deletes, until they are purged or restored. */
export async function hideEntries(ids: readonly number[]): Promise<void> {
  await changeSummaries(ids, (summary) => ({ ...summary, deleted: Date.now() }));
}

/** Show entries again that were hidden; return how many are still there: another tab may have purged them. */
export function restoreEntries(ids: readonly number[]): Promise<number> {
  return changeSummaries(ids, ({ deleted: _, ...summary }) => summary);
}

/** Delete the entries that have been hidden for `time` ms, also in an earlier visit. */
export async function purgeEntries(time = 0): Promise<void> {
  const summaries = await transact<Summary[]>('summaries', 'readonly', (store) => store.getAll());
  const before = Date.now() - time;
  await deleteEntries(summaries.filter(({ deleted }) => deleted && deleted <= before).map(({ id }) => id));
}

/** Delete entries; that cannot be undone. */
export async function deleteEntries(ids: readonly number[]): Promise<void> {
  if (!ids.length) return;
  await transactAll(STORES, 'readwrite', (store) => {
    for (const name of STORES) for (const id of ids) store(name).delete(id);
    return () => undefined;
  });
}

/** Delete all entries, and photos that an earlier page was reading; that cannot be undone. */
export async function clearEntries(): Promise<void> {
  const names: readonly StoreName[] = [...STORES, 'pending'];
  await transactAll(names, 'readwrite', (store) => {
    for (const name of names) store(name).clear();
    return () => undefined;
  });
}

/** Change the summaries that are there, and return their number. */
async function changeSummaries(
  ids: readonly number[],
  change: (summary: Summary) => Summary,
): Promise<number> {
  return transactAll(['summaries'], 'readwrite', (store) => {
    let count = 0;
    for (const id of ids) {
      const request = store('summaries').get(id) as IDBRequest<Summary | undefined>;
      request.addEventListener('success', () => {
        if (!request.result) return;
        store('summaries').put(change(request.result));
        count++;
      });
    }
    return () => count;
  });
}
