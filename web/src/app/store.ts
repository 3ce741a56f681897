/**
 * What is stored on this device only: the collection, which is photos with corrected kinds, and opened models.
 *
 * In:    photos with their kinds; model files
 * Out:   the same; photos in the order in which they were added
 * Needs: IndexedDB
 */

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

/** A photo in the collection; the field names are those in the database. */
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

const DATABASE = 'keykind';
const VERSION = 2; // 1 had no models
const [PHOTOS, MODELS] = ['photos', 'models'];

/** Add a photo, or replace the one with `id`; return its id. */
export async function addPhoto(photo: Omit<StoredPhoto, 'id'>, id?: number): Promise<number> {
  askToPersist();
  const entry = id === undefined ? photo : { ...photo, id };
  return putBlob<number>(PHOTOS, entry, 'photo');
}

/**
 * Return the photos for a model with these kinds: those that were corrected with a model of any of the same kinds.
 *
 * ofKeys: whether they are kinds of keys; other classes may have the same names.
 */
export async function photosFor(kinds: readonly string[], ofKeys: boolean): Promise<StoredPhoto[]> {
  const photos = await transact<StoredPhoto[]>(PHOTOS, 'readonly', (store) => store.getAll());
  return photos
    .map((photo) => withBlob(photo, 'photo'))
    .filter(
      (photo) =>
        (photo.ofKeys ?? true) === ofKeys && (photo.kinds?.some((kind) => kinds.includes(kind)) ?? true),
    );
}

/** Change the kind of a photo. */
export async function changeKind(photo: StoredPhoto, kind: string): Promise<void> {
  await putBlob(PHOTOS, { ...photo, kind }, 'photo');
}

/** Delete photos. */
export async function deletePhotos(ids: readonly number[]): Promise<void> {
  for (const id of ids) await transact(PHOTOS, 'readwrite', (store) => store.delete(id));
}

/** Store a model file, or replace the one with the same digest. */
export async function putModel(model: OwnModel): Promise<void> {
  askToPersist();
  await putBlob(MODELS, model, 'file');
}

/** Return all models, the newest first. */
export async function allModels(): Promise<OwnModel[]> {
  const models = await transact<OwnModel[]>(MODELS, 'readonly', (store) => store.getAll());
  return models.map((model) => withBlob(model, 'file')).sort((one, other) => other.added - one.added);
}

/** Delete a model. */
export async function deleteModel(digest: string): Promise<void> {
  await transact(MODELS, 'readwrite', (store) => store.delete(digest));
}

/**
 * Ask the browser not to evict what is stored, which it may without permission.
 *
 * Nothing waits for the answer: Firefox asks the user, who may never answer.
 */
function askToPersist(): void {
  navigator.storage?.persist?.().catch(() => false);
}

/** A Blob as it is stored where the browser cannot store Blobs. */
interface Bytes {
  readonly bytes: ArrayBuffer;
  readonly type: string;
}

/** Put an entry whose `field` is a Blob; as bytes if that fails, as in private windows of WebKit. */
async function putBlob<T>(name: string, entry: object, field: string): Promise<T> {
  try {
    return await transact<T>(name, 'readwrite', (store) => store.put(entry));
  } catch (error) {
    if (error instanceof DOMException && error.name === 'QuotaExceededError') throw error;
    const blob = (entry as Record<string, Blob>)[field] as Blob;
    const stored: Bytes = { bytes: await blob.arrayBuffer(), type: blob.type };
    return transact<T>(name, 'readwrite', (store) => store.put({ ...entry, [field]: stored }));
  }
}

/** Return an entry with the Blob that was given to `putBlob`. */
function withBlob<T extends object>(entry: T, field: keyof T): T {
  const stored = entry[field] as Blob | Bytes;
  if (stored instanceof Blob) return entry;
  return { ...entry, [field]: new Blob([stored.bytes], { type: stored.type }) };
}

async function transact<T>(
  name: string,
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

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION);
    request.addEventListener('upgradeneeded', ({ oldVersion }) => {
      const database = request.result;
      if (oldVersion < 1) database.createObjectStore(PHOTOS, { keyPath: 'id', autoIncrement: true });
      if (oldVersion < 2) database.createObjectStore(MODELS, { keyPath: 'digest' });
    });
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
    request.addEventListener('blocked', () => reject(new Error('another tab is using the collection')));
  });
}
