/**
 * Photos with corrected kinds, on this device, from which a better model can be trained.
 *
 * In:    photos with their kinds
 * Out:   StoredPhoto(s), in the order in which they were added
 * Needs: database.ts
 */

import { persist, storable, transact, transactAll } from './database';

/** A corrected photo; the field names are those in the database. */
export interface StoredPhoto {
  readonly id: number;
  readonly kind: string; // the user's correction; NOT_A_KEY if there is no key
  readonly said: string; // the app's answer: a kind, SAID_NOT_SURE or SAID_NOT_A_KEY
  readonly photo: Blob; // JPEG without EXIF
  readonly kinds?: readonly string[]; // that the user could choose from; absent: those of keykind's own model
  readonly ofKeys?: boolean; // whether they are kinds of keys; absent: they are
  readonly deleted?: number; // when the user deleted it, ms since 1970, while that can be undone
}

export const NOT_A_KEY = '';
export const SAID_NOT_SURE = 'not sure';
export const SAID_NOT_A_KEY = 'not a key';

/** Add a photo, or replace the one with `id`; return its id. */
export async function addPhoto(photo: Omit<StoredPhoto, 'id'>, id?: number): Promise<number> {
  persist();
  const entry = id === undefined ? photo : { ...photo, id };
  const stored = await storable(entry);
  return transact<number>('photos', 'readwrite', (store) => store.put(stored));
}

/**
 * Return the photos for a model with these kinds: those that were corrected with a model of any of the same kinds.
 *
 * ofKeys: whether they are kinds of keys; other classes may have the same names.
 */
export async function photosFor(kinds: readonly string[], ofKeys: boolean): Promise<StoredPhoto[]> {
  const photos = await allPhotos();
  return photos.filter(
    (photo) =>
      !photo.deleted &&
      (photo.ofKeys ?? true) === ofKeys &&
      (photo.kinds?.some((kind) => kinds.includes(kind)) ?? true),
  );
}

/** Change the kind of a photo. */
export async function changeKind(photo: StoredPhoto, kind: string): Promise<void> {
  await putAll([{ ...photo, kind }]);
}

/** Hide photos that the user deletes, until they are purged or restored. */
export async function hidePhotos(photos: readonly StoredPhoto[]): Promise<void> {
  await putAll(photos.map((photo) => ({ ...photo, deleted: Date.now() })));
}

/** Show photos again that were hidden, also those that another tab has purged; return how many. */
export async function restorePhotos(photos: readonly StoredPhoto[]): Promise<number> {
  await putAll(photos.map(({ deleted: _, ...photo }) => photo));
  return photos.length;
}

/** Delete the photos that have been hidden for `time` ms, also in an earlier visit. */
export async function purgePhotos(time = 0): Promise<void> {
  const before = Date.now() - time;
  const hidden = (await allPhotos()).filter(({ deleted }) => deleted && deleted <= before);
  await deletePhotos(hidden.map(({ id }) => id));
}

/** Delete photos; that cannot be undone. */
export async function deletePhotos(ids: readonly number[]): Promise<void> {
  if (!ids.length) return;
  await transactAll(['photos'], 'readwrite', (store) => {
    for (const id of ids) store('photos').delete(id);
    return () => undefined;
  });
}

function allPhotos(): Promise<StoredPhoto[]> {
  return transact<StoredPhoto[]>('photos', 'readonly', (store) => store.getAll());
}

async function putAll(photos: readonly StoredPhoto[]): Promise<void> {
  const stored = await storable(photos);
  await transactAll(['photos'], 'readwrite', (store) => {
    for (const photo of stored) store('photos').put(photo);
    return () => undefined;
  });
}
