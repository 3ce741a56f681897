/**
 * The collection: photos with corrected kinds, stored on this device only.
 *
 * In:    photos with their kinds
 * Out:   the same, in the order in which they were added
 * Needs: IndexedDB
 */

/** A photo in the collection; the field names are those in the database. */
export interface StoredPhoto {
  readonly id: number;
  readonly kind: string; // the user's correction; NOT_A_KEY if there is no key
  readonly said: string; // the app's answer: a kind, SAID_NOT_SURE or SAID_NOT_A_KEY
  readonly photo: Blob; // JPEG without EXIF
}

export const NOT_A_KEY = '';
export const SAID_NOT_SURE = 'not sure';
export const SAID_NOT_A_KEY = 'not a key';

const DATABASE = 'keykind';
const STORE = 'photos';

/** Add a photo, or replace the one with `id`; return its id. */
export async function addPhoto(photo: Omit<StoredPhoto, 'id'>, id?: number): Promise<number> {
  await navigator.storage?.persist?.().catch(() => false); // without permission, the browser may evict the data
  const entry = id === undefined ? photo : { ...photo, id };
  return transact<number>('readwrite', (store) => store.put(entry));
}

/** Return all photos. */
export function allPhotos(): Promise<StoredPhoto[]> {
  return transact<StoredPhoto[]>('readonly', (store) => store.getAll());
}

/** Change the kind of a photo. */
export async function changeKind(photo: StoredPhoto, kind: string): Promise<void> {
  await transact('readwrite', (store) => store.put({ ...photo, kind }));
}

/** Delete a photo. */
export async function deletePhoto(id: number): Promise<void> {
  await transact('readwrite', (store) => store.delete(id));
}

/** Delete all photos. */
export async function deleteAll(): Promise<void> {
  await transact('readwrite', (store) => store.clear());
}

async function transact<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest,
): Promise<T> {
  const database = await openDatabase();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.addEventListener('complete', () => resolve(request.result as T));
      transaction.addEventListener('abort', () => reject(transaction.error ?? request.error));
    });
  } finally {
    database.close();
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.addEventListener('upgradeneeded', () => {
      request.result.createObjectStore(STORE, { keyPath: 'id', autoIncrement: true });
    });
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
    request.addEventListener('blocked', () => reject(new Error('another tab is using the collection')));
  });
}
