/**
 * Photos that are being read: after a reload, or a crash, they are read again.
 *
 * In:    photos, by the id of their answer
 * Out:   the same, until they have been read
 * Needs: database.ts, settings.ts
 */

import { storable, transact } from './database';
import { keepsHistory } from './settings';

const MAX_TRIES = 3; // to read a photo that was interrupted: the photo itself may be what ends the page

/** A photo whose answer is not there yet, as it is stored. */
interface Stored {
  readonly id: number; // of the answer
  readonly photo: Blob;
  readonly name: string; // of the file; empty: it has none
  readonly tries: number; // how often it was read before, and interrupted
}

/** A photo that an earlier page was reading. */
export interface Interrupted {
  readonly file: Blob;
  readonly isHopeless: boolean; // it was interrupted too often
}

/** The photos that this page is reading, and those that earlier pages were. */
export class PendingPhotos {
  readonly #kept = new Map<number, Promise<unknown>>(); // those of this page: when they have been stored

  /** Store a photo, if the user wants a history; without room, a reload loses it. */
  keep(id: number, file: Blob): void {
    if (keepsHistory.value)
      this.#put({ id, photo: file, name: file instanceof File ? file.name : '', tries: 0 });
  }

  /** Forget a photo that has been read. */
  async settle(id: number): Promise<void> {
    await this.#kept.get(id);
    if (this.#kept.delete(id)) await this.forget(id);
  }

  /** Forget a photo of an earlier page. */
  async forget(id: number): Promise<void> {
    const remove = (store: IDBObjectStore): IDBRequest => store.delete(id);
    await transact('pending', 'readwrite', remove).catch(() => undefined); // the next visit tries again
  }

  /** Return the ids of the photos that earlier pages were reading; none without storage. */
  async interrupted(): Promise<number[]> {
    const all = await transact<number[]>('pending', 'readonly', (store) => store.getAllKeys()).catch(
      () => [],
    );
    return all.filter((id) => !this.#kept.has(id));
  }

  /** Return a photo that an earlier page was reading, to be read by this one; null: there is none with this id. */
  async take(id: number): Promise<Interrupted | null> {
    const stored = await transact<Stored | undefined>('pending', 'readonly', (store) => store.get(id));
    if (!stored) return null;
    const { photo, name, tries } = stored;
    this.#put({ ...stored, tries: tries + 1 });
    const file = name ? new File([photo], name, { type: photo.type }) : photo;
    return { file, isHopeless: tries >= MAX_TRIES };
  }

  #put(pending: Stored): void {
    this.#kept.set(
      pending.id,
      put(pending).catch(() => undefined),
    );
  }
}

async function put(pending: Stored): Promise<void> {
  const stored = await storable(pending);
  await transact('pending', 'readwrite', (store) => store.put(stored));
}
