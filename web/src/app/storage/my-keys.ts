/**
 * The user's own keys, on this device.
 *
 * In:    MyKey(s)
 * Out:   the same, in the order in which they were learnt
 * Needs: database.ts
 */

import { persist, storable, transact } from './database';

/** A photo from which a key was learnt. */
export interface MyPhoto {
  readonly photo: Blob | null; // JPEG of the key and its surroundings, without EXIF; null: imported from a file
  readonly features: Float32Array; // of the crop
}

/** One of the user's keys. */
export interface MyKey {
  readonly id: number; // also the time when it was learnt, ms since 1970
  readonly name: string;
  readonly kind: string | null; // as most photos have it; null: not known
  readonly network: string; // SHA-256 of the network that the features are of
  readonly photos: readonly MyPhoto[];
}

/** Store a key, or replace the one with the same id. */
export async function putMyKey(key: MyKey): Promise<void> {
  persist();
  const stored = await storable(key);
  await transact('keys', 'readwrite', (store) => store.put(stored));
}

/** Return all keys. */
export async function allMyKeys(): Promise<MyKey[]> {
  return transact<MyKey[]>('keys', 'readonly', (store) => store.getAll());
}

/** Delete a key. */
export async function deleteMyKey(id: number): Promise<void> {
  await transact('keys', 'readwrite', (store) => store.delete(id));
}
