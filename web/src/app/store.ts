/**
 * The collection: photos that a person kept, on this device alone.
 *
 * In:    photos with their true kinds
 * Out:   the same, in the order in which they were kept
 * Needs: IndexedDB
 */

/** A photo that was kept. */
export interface Kept {
  readonly id: number;
  readonly kind: string; // what the person said it is; NOT_A_KEY for no key
  readonly said: string; // the kind that the model said, or why it said none
  readonly photo: Blob; // JPEG without EXIF
}

export const NOT_A_KEY = '';

const DATABASE = 'keykind';
const PHOTOS = 'photos';

/** Keep a photo, in place of one that was kept before, and return its number. */
export async function keep(photo: Omit<Kept, 'id'>, before?: number): Promise<number> {
  await navigator.storage?.persist?.().catch(() => false); // asked for; without it the browser may tidy up
  const kept = before === undefined ? photo : { ...photo, id: before };
  return inStore<number>('readwrite', (store) => store.put(kept));
}

/** Return all photos that are kept. */
export function all(): Promise<Kept[]> {
  return inStore<Kept[]>('readonly', (store) => store.getAll());
}

/** Say that a photo shows another kind. */
export async function rename(photo: Kept, kind: string): Promise<void> {
  await inStore('readwrite', (store) => store.put({ ...photo, kind }));
}

/** Forget a photo. */
export async function forget(id: number): Promise<void> {
  await inStore('readwrite', (store) => store.delete(id));
}

/** Forget all photos. */
export async function forgetAll(): Promise<void> {
  await inStore('readwrite', (store) => store.clear());
}

async function inStore<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((done, failed) => {
      const transaction = database.transaction(PHOTOS, mode);
      const request = work(transaction.objectStore(PHOTOS));
      transaction.addEventListener('complete', () => done(request.result as T));
      transaction.addEventListener('abort', () => failed(transaction.error ?? request.error));
    });
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const request = indexedDB.open(DATABASE, 1);
    request.addEventListener('upgradeneeded', () => {
      request.result.createObjectStore(PHOTOS, { keyPath: 'id', autoIncrement: true });
    });
    request.addEventListener('success', () => done(request.result));
    request.addEventListener('error', () => failed(request.error));
    request.addEventListener('blocked', () => failed(new Error('another tab holds the collection')));
  });
}
