/**
 * The database on this device: nothing in it is sent anywhere.
 *
 * In:    the names of stores, and what to do with them
 * Out:   results of transactions; StorageError; whether another tab blocks it
 * Needs: IndexedDB, blobs.ts, problem.ts, @preact/signals
 */

import { signal } from '@preact/signals';
import { withBlobs, withoutBlobs } from './blobs';
import { StorageError, storageErrorOf } from './problem';

const DATABASE = 'keykind';
const VERSION = 4; // 1 had photos only, 2 also models, 3 all but photos that are being read
const PROBE = -1; // key of no entry
const OPEN_TIME = 20_000; // ms for a database to open on a slow device
const BLOCKED_TIME = 5_000; // ms that another tab has to finish with an older version
const BLOCKED = 'another tab is using an older version';

/** The stores: answers, what lists show of them, photos being read, corrected photos, the user's keys, opened models. */
export type StoreName = 'entries' | 'summaries' | 'thumbnails' | 'pending' | 'photos' | 'keys' | 'models';

/** Makes requests in a transaction, and returns how to read their result when it is complete. */
export type Work<T> = (store: (name: StoreName) => IDBObjectStore) => () => T;

/** Whether another tab keeps an older version open: until it is closed, each transaction fails at once. */
export const isBlocked = signal(false);

let connection: Promise<IDBDatabase> | null = null;
let isPersistenceRequested = false;
let canStoreBlobs: Promise<boolean> | null = null;

/** Run one request in a transaction of its own. Throws StorageError. */
export function transact<T>(
  name: StoreName,
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest,
): Promise<T> {
  return transactAll([name], mode, (store) => {
    const request = work(store(name));
    return () => withBlobs(request.result as T);
  });
}

/** Return a value as this browser can store it: `transact` and `withBlobs` give back what it was. */
export async function storable<T>(value: T): Promise<T> {
  canStoreBlobs ??= storesBlobs();
  return (await canStoreBlobs) ? value : ((await withoutBlobs(value)) as T);
}

/** Run requests in one transaction: all of them succeed, or none. Throws StorageError. */
export async function transactAll<T>(
  names: readonly StoreName[],
  mode: IDBTransactionMode,
  work: Work<T>,
): Promise<T> {
  const transaction = await begin(names, mode);
  return new Promise<T>((resolve, reject) => {
    const result = attempt(transaction, work);
    let failure: unknown = null; // of the first request that failed; the transaction may not name it
    transaction.addEventListener('error', ({ target }) => {
      failure ??= (target as IDBRequest).error;
    });
    transaction.addEventListener('complete', () => resolve(result()));
    transaction.addEventListener('abort', () =>
      reject(storageErrorOf(transaction.error ?? failure, 'other')),
    );
  }).catch((error: unknown) => {
    throw storageErrorOf(error, 'other'); // the browser may also refuse a value at once
  });
}

/** Make the requests; if the browser refuses one at once, none of them is carried out. */
function attempt<T>(transaction: IDBTransaction, work: Work<T>): () => T {
  try {
    return work((name) => transaction.objectStore(name));
  } catch (error) {
    transaction.abort();
    throw error;
  }
}

/**
 * Ask the browser, once a visit, to keep the data when storage runs low; without permission, it may evict them.
 *
 * Nothing waits for the answer: Firefox asks the user, who may never answer.
 */
export function persist(): void {
  if (isPersistenceRequested) return;
  isPersistenceRequested = true;
  void navigator.storage?.persist?.().catch(() => false);
}

/** How much this app stores on the device, and how much it may, in bytes; null: unknown. */
export async function usage(): Promise<{ used: number; quota: number } | null> {
  const estimate = await navigator.storage?.estimate?.().catch(() => null);
  return estimate?.usage === undefined || !estimate.quota
    ? null
    : { used: estimate.usage, quota: estimate.quota };
}

/** Try to store a Blob, and delete it again; if nothing can be stored, that is for others to report. */
async function storesBlobs(): Promise<boolean> {
  const probe = (thumbnails: IDBObjectStore): IDBRequest => {
    thumbnails.put(new Blob(['?']), PROBE);
    return thumbnails.delete(PROBE);
  };
  return transact('thumbnails', 'readwrite', probe).then(
    () => true,
    (error: unknown) => !(error instanceof StorageError && error.problem === 'other'),
  );
}

/** Begin a transaction; the connection may have been closed, for another tab or by the browser. */
async function begin(names: readonly StoreName[], mode: IDBTransactionMode): Promise<IDBTransaction> {
  try {
    return (await connect()).transaction(names, mode);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    connection = null;
    return (await connect()).transaction(names, mode);
  }
}

function connect(): Promise<IDBDatabase> {
  if (isBlocked.value) return Promise.reject(new StorageError('blocked', BLOCKED));
  connection ??= openDatabase().catch((error: unknown) => {
    connection = null;
    throw storageErrorOf(error, 'disabled');
  });
  return connection;
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION);
    const giveUp = (): void => {
      isBlocked.value = true; // the request goes on
      reject(new StorageError('blocked', BLOCKED));
    };
    let timer = setTimeout(giveUp, OPEN_TIME); // a request behind a blocked one is not reported as blocked
    request.addEventListener('upgradeneeded', ({ oldVersion }) => upgrade(request.result, oldVersion));
    request.addEventListener('blocked', () => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, BLOCKED_TIME);
    });
    request.addEventListener('error', () => {
      clearTimeout(timer);
      isBlocked.value = false;
      reject(request.error);
    });
    request.addEventListener('success', () => {
      clearTimeout(timer);
      closeForOthers(request.result);
      if (isBlocked.value) connection = Promise.resolve(request.result); // the other tab has been closed
      isBlocked.value = false;
      resolve(request.result);
    });
  });
}

function upgrade(database: IDBDatabase, oldVersion: number): void {
  if (oldVersion < 1) database.createObjectStore('photos', { keyPath: 'id', autoIncrement: true });
  if (oldVersion < 2) database.createObjectStore('models', { keyPath: 'digest' });
  if (oldVersion < 3) {
    database.createObjectStore('entries', { keyPath: 'id' });
    database.createObjectStore('summaries', { keyPath: 'id' });
    database.createObjectStore('thumbnails'); // JPEG, by the entry's id
    database.createObjectStore('keys', { keyPath: 'id' });
  }
  if (oldVersion < 4) database.createObjectStore('pending', { keyPath: 'id' });
}

/** Let another tab upgrade or delete the database: this one opens it again when it needs it. */
function closeForOthers(database: IDBDatabase): void {
  const forget = (): void => {
    connection = null;
  };
  database.addEventListener('versionchange', () => {
    database.close();
    forget();
  });
  database.addEventListener('close', forget); // by the browser, e.g. when the user clears the data
}
