/**
 * Model files that the user opened, on this device.
 *
 * In:    OwnModel(s)
 * Out:   the same, the newest first
 * Needs: database.ts
 */

import { persist, storable, transact } from './database';

/** A model file that the user opened. */
export interface OwnModel {
  readonly digest: string; // SHA-256 of the file
  readonly name: string; // of the file; untrusted, like all else
  readonly address: string | null; // from which it was fetched; null: a file of this device
  readonly kinds: readonly string[];
  readonly ofKeys: boolean;
  readonly added: number; // ms since 1970
  readonly file: Blob;
}

/** Store a model file, or replace the one with the same digest. */
export async function putModel(model: OwnModel): Promise<void> {
  persist();
  const stored = await storable(model);
  await transact('models', 'readwrite', (store) => store.put(stored));
}

/** Return all models, the newest first. */
export async function allModels(): Promise<OwnModel[]> {
  const models = await transact<OwnModel[]>('models', 'readonly', (store) => store.getAll());
  return models.sort((one, other) => other.added - one.added);
}

/** Delete a model. */
export async function deleteModel(digest: string): Promise<void> {
  await transact('models', 'readwrite', (store) => store.delete(digest));
}
