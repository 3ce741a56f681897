/**
 * The database on this device: nothing in it is sent anywhere.
 *
 * In:    the name of a store, and what to do with it
 * Out:   results of transactions
 * Needs: IndexedDB
 */

const DATABASE = 'keykind';
const VERSION = 3; // 1 had photos only, 2 also models

/** The stores: answers, corrected photos, the user's keys, opened models. */
export type StoreName = 'entries' | 'photos' | 'keys' | 'models';

/** Run one request in a transaction of its own. Throws what the browser reports: no storage, or no room. */
export async function transact<T>(
  name: StoreName,
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest,
): Promise<T> {
  const database = await openDatabase();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      const request = work(transaction.objectStore(name));
      transaction.addEventListener('complete', () => resolve(request.result as T));
      transaction.addEventListener('abort', () => reject(transaction.error ?? request.error));
    });
  } finally {
    database.close();
  }
}

/** Ask the browser to keep the data when storage runs low; without permission, it may evict them. */
export async function persist(): Promise<void> {
  await navigator.storage?.persist?.().catch(() => false);
}

/** How much this app stores on the device, and how much it may, in bytes; null: unknown. */
export async function usage(): Promise<{ used: number; quota: number } | null> {
  const estimate = await navigator.storage?.estimate?.().catch(() => null);
  return estimate?.usage === undefined || !estimate.quota
    ? null
    : { used: estimate.usage, quota: estimate.quota };
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION);
    request.addEventListener('upgradeneeded', ({ oldVersion }) => {
      const database = request.result;
      if (oldVersion < 1) database.createObjectStore('photos', { keyPath: 'id', autoIncrement: true });
      if (oldVersion < 2) database.createObjectStore('models', { keyPath: 'digest' });
      if (oldVersion < 3) {
        database.createObjectStore('entries', { keyPath: 'id' });
        database.createObjectStore('keys', { keyPath: 'id' });
      }
    });
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
    request.addEventListener('blocked', () => reject(new Error('another tab is using an older version')));
  });
}
