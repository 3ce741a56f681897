/**
 * The history: photos and their answers, on this device.
 *
 * In:    Entry(s)
 * Out:   the same, the newest first
 * Needs: database.ts
 *
 * Pixels of all coordinates are those of the stored photo, which is smaller than a large original.
 */

import type { Cause, Measurements, Verdict } from '../../core';
import type { Place } from '../../engine/protocol';
import { persist, transact } from './database';

/** A key and its answer, as it is stored. */
export interface StoredKey extends Place {
  readonly verdict: Verdict;
  readonly causes: readonly Cause[];
  readonly measurements: Measurements;
  readonly features: Float32Array | null;
  readonly isMarked?: boolean; // by the user: the detector had not found it
  readonly correction?: string; // what the user says it is: a kind, or NOT_A_KEY
  readonly photoId?: number; // of the corrected photo that was stored for training
}

/** A photo and the keys in it, in reading order; what is called "not a key" comes last. */
export interface EntryPhoto {
  readonly photo: Blob; // JPEG without EXIF
  readonly thumbnail: Blob; // JPEG
  readonly width: number; // of `photo`, px
  readonly height: number;
  readonly brightness: number; // mean, 0 to 1
  readonly keys: readonly StoredKey[];
}

/** An answer: to one photo, or to several photos of one key. */
export interface Entry {
  readonly id: number; // also the time when it was made, ms since 1970
  readonly photos: readonly EntryPhoto[];
  readonly combined: Verdict | null; // of several photos of one key
  readonly kinds: readonly string[]; // of the model
  readonly ofKeys: boolean;
  readonly group: number | null; // of photos that were imported together
}

/** Store an entry, or replace the one with the same id. */
export async function putEntry(entry: Entry): Promise<void> {
  await persist();
  await transact('entries', 'readwrite', (store) => store.put(entry));
}

/** Return an entry; null if it is not stored. */
export async function getEntry(id: number): Promise<Entry | null> {
  return (await transact<Entry | undefined>('entries', 'readonly', (store) => store.get(id))) ?? null;
}

/** Return all entries, the newest first. */
export async function allEntries(): Promise<Entry[]> {
  const entries = await transact<Entry[]>('entries', 'readonly', (store) => store.getAll());
  return entries.reverse();
}

/** Return the newest entry; null if there is none. */
export async function newestEntry(): Promise<Entry | null> {
  const newest = (store: IDBObjectStore): IDBRequest => store.openCursor(null, 'prev');
  return (await transact<IDBCursorWithValue | null>('entries', 'readonly', newest))?.value ?? null;
}

/** Delete an entry. */
export async function deleteEntry(id: number): Promise<void> {
  await transact('entries', 'readwrite', (store) => store.delete(id));
}

/** Delete all entries. */
export async function clearEntries(): Promise<void> {
  await transact('entries', 'readwrite', (store) => store.clear());
}
