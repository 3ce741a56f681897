/**
 * Photos with corrected kinds, on this device, from which a better model can be trained.
 *
 * In:    photos with their kinds
 * Out:   StoredPhoto(s), in the order in which they were added
 * Needs: database.ts
 */

import { persist, transact } from './database';

/** A corrected photo; the field names are those in the database. */
export interface StoredPhoto {
  readonly id: number;
  readonly kind: string; // the user's correction; NOT_A_KEY if there is no key
  readonly said: string; // the app's answer: a kind, SAID_NOT_SURE or SAID_NOT_A_KEY
  readonly photo: Blob; // JPEG without EXIF
  readonly kinds?: readonly string[]; // that the user could choose from; absent: those of keykind's own model
  readonly ofKeys?: boolean; // whether they are kinds of keys; absent: they are
}

export const NOT_A_KEY = '';
export const SAID_NOT_SURE = 'not sure';
export const SAID_NOT_A_KEY = 'not a key';

/** Add a photo, or replace the one with `id`; return its id. */
export async function addPhoto(photo: Omit<StoredPhoto, 'id'>, id?: number): Promise<number> {
  await persist();
  const entry = id === undefined ? photo : { ...photo, id };
  return transact<number>('photos', 'readwrite', (store) => store.put(entry));
}

/**
 * Return the photos for a model with these kinds: those that were corrected with a model of any of the same kinds.
 *
 * ofKeys: whether they are kinds of keys; other classes may have the same names.
 */
export async function photosFor(kinds: readonly string[], ofKeys: boolean): Promise<StoredPhoto[]> {
  const photos = await transact<StoredPhoto[]>('photos', 'readonly', (store) => store.getAll());
  return photos.filter(
    (photo) =>
      (photo.ofKeys ?? true) === ofKeys && (photo.kinds?.some((kind) => kinds.includes(kind)) ?? true),
  );
}

/** Change the kind of a photo. */
export async function changeKind(photo: StoredPhoto, kind: string): Promise<void> {
  await transact('photos', 'readwrite', (store) => store.put({ ...photo, kind }));
}

/** Delete photos. */
export async function deletePhotos(ids: readonly number[]): Promise<void> {
  for (const id of ids) await transact('photos', 'readwrite', (store) => store.delete(id));
}
