/**
 * Photos and their answers: those of this visit, and those in the history.
 *
 * In:    photos; the engine
 * Out:   Answer(s): the photo at once, the keys when they have been recognised
 * Needs: the engine, storage/entries.ts, @preact/signals
 */

import { type Signal, signal } from '@preact/signals';
import type { Card } from '../core';
import { EnginePhoto } from '../engine/photo';
import { PhotoError, type PhotoResult, type Place } from '../engine/protocol';
import { isAboutKeys, t } from '../words';
import { arranged } from './answer/changes';
import { ownKey } from './my-keys/recognition';
import { notify } from './notices';
import type { Running } from './session';
import {
  deleteEntries,
  type Entry,
  type EntryPhoto,
  getEntry,
  isEntryStored,
  putEntry,
  type StoredKey,
} from './storage/entries';
import { keepsHistory } from './storage/settings';
import { storageErrorText } from './storage/text';
import { thumbnailOf } from './thumbnail';

const MAX_IN_MEMORY = 8; // answers with their photos; the others are read from the history

const NO_PHOTO = new Blob();

/** Where an answer stands. */
export type Status = 'busy' | 'done' | 'failed';

/** A photo, and what it shows. */
export interface Answer {
  readonly id: number;
  readonly status: Signal<Status>;
  readonly problem: Signal<string>; // why it failed, for the user
  readonly entry: Signal<Entry | null>; // null until it is done
  readonly url: Signal<string>; // of the photo, for an <img>; the first of several
  readonly photos: EnginePhoto[]; // as in the entry
  readonly isStored: Signal<boolean>;
}

/** How a photo is opened. */
export interface OpenOptions {
  readonly bitmap?: ImageBitmap; // a camera frame, of which the file is a copy
  readonly group?: number; // of photos that are imported together
  readonly isTentative?: boolean; // nobody asked for it yet: it is stored when it is shown
}

/** An answer that is not stored, without its photo, which is made again from the file. */
interface Lean {
  readonly file: Blob;
  readonly entry: Entry;
}

/** The answers of a session. */
export class Answers {
  readonly #tentative = new Set<number>();
  readonly #answers = new Map<number, Answer>();
  readonly #files = new Map<number, Blob>(); // of the answers in memory that are not stored
  readonly #lean = new Map<number, Lean>();
  #isStorageReported = false; // once a visit is enough
  #lastId = 0;

  /** running: the model that is loaded, when it is. */
  constructor(readonly running: () => Promise<Running>) {}

  /** Open a photo, and recognise its keys in the background. */
  open(photo: Blob, options: OpenOptions = {}): Answer {
    const answer = this.#add(this.#newId(), photo);
    this.#files.set(answer.id, photo);
    if (options.isTentative) this.#tentative.add(answer.id);
    void this.#recognise(answer, photo, options);
    return answer;
  }

  /** Wait until an answer is done or has failed. */
  async finished(answer: Answer): Promise<void> {
    await new Promise<void>((resolve) => {
      let stop = (): void => undefined;
      stop = answer.status.subscribe((status) => {
        if (status === 'busy') return;
        resolve();
        queueMicrotask(() => stop()); // the first call is before `subscribe` returns
      });
    });
  }

  /** Return an answer of this visit or of the history; null if there is none with this id. */
  async get(id: number): Promise<Answer | null> {
    const known = this.#answers.get(id);
    if (known && this.#tentative.delete(id)) void this.finished(known).then(() => this.#store(known));
    if (known) return known;
    const lean = this.#lean.get(id);
    const entry = await (lean ? this.#restored(lean) : getEntry(id).catch(() => null));
    const photo = entry?.photos[0]?.photo;
    if (!entry || !photo) return null;
    const { engine } = await this.running();
    const answer = this.#answers.get(id) ?? this.#add(id, photo);
    if (answer.photos.length === 0)
      answer.photos.push(...entry.photos.map((each) => new EnginePhoto(engine, each.photo)));
    answer.entry.value = entry;
    answer.isStored.value = !lean;
    if (lean) this.#files.set(id, lean.file);
    this.#lean.delete(id);
    answer.status.value = 'done';
    return answer;
  }

  /** Change an answer, here and in the history. */
  async update(answer: Answer, entry: Entry): Promise<void> {
    answer.entry.value = entry;
    const lean = this.#lean.get(answer.id); // others took its place in memory while it was shown
    if (lean) this.#lean.set(answer.id, { ...lean, entry: withoutPhotos(entry) });
    if (answer.isStored.value) await this.#store(answer);
  }

  /** Return what is in memory of an answer, perhaps without its photo; null: nothing. */
  inMemory(id: number): Entry | null {
    return this.#answers.get(id)?.entry.value ?? this.#lean.get(id)?.entry ?? null;
  }

  /** Return an answer that was made of others, such as one of several photos; it is stored as one of its own. */
  async create(entry: Omit<Entry, 'id'>): Promise<Answer> {
    const { engine } = await this.running();
    const id = this.#newId();
    const answer = this.#add(id, entry.photos[0]?.photo ?? NO_PHOTO);
    answer.photos.push(...entry.photos.map(({ photo }) => new EnginePhoto(engine, photo)));
    answer.entry.value = { ...entry, id };
    await this.#store(answer);
    answer.status.value = 'done';
    return answer;
  }

  /** Forget an answer, here and in the history. */
  async remove(id: number): Promise<void> {
    this.forget(id);
    await deleteEntries([id]);
  }

  /** Forget an answer as soon as it is done, here and in the history. */
  async discard(answer: Answer): Promise<void> {
    await this.finished(answer);
    await this.remove(answer.id);
  }

  /** Forget an answer of this visit; the history keeps what it has. */
  forget(id: number): void {
    this.#release(id);
    this.#files.delete(id);
    this.#lean.delete(id);
    this.#tentative.delete(id);
  }

  /** Forget the answers of this visit: another model runs. */
  clear(): void {
    for (const id of [...this.#answers.keys(), ...this.#lean.keys()]) this.forget(id);
  }

  /** Recognise the keys of a photo that is to be added to an answer. Throws PhotoError. */
  async read(photo: Blob): Promise<EntryPhoto> {
    const { engine, card } = await this.running();
    const opened = new EnginePhoto(engine, photo);
    try {
      return await entryPhotoOf(opened, await opened.recognise(), card);
    } finally {
      opened.close();
    }
  }

  /** Add a photo to an answer. entry: with it, at the end. */
  async addPhoto(answer: Answer, { photo }: EntryPhoto, entry: Entry): Promise<void> {
    const { engine } = await this.running();
    answer.photos.push(new EnginePhoto(engine, photo));
    await this.update(answer, entry);
  }

  /** Remove a photo from an answer. entry: without it. */
  async removePhoto(answer: Answer, index: number, entry: Entry): Promise<void> {
    answer.photos.splice(index, 1)[0]?.close();
    await this.update(answer, entry);
  }

  async #recognise(answer: Answer, file: Blob, { bitmap, group }: OpenOptions): Promise<void> {
    try {
      const { engine, card } = await this.running();
      const photo = new EnginePhoto(engine, file);
      const result = await photo.recognise(bitmap);
      const stored = await entryPhotoOf(photo, result, card);
      photo.close();
      answer.photos.push(new EnginePhoto(engine, stored.photo));
      answer.entry.value = {
        id: answer.id,
        ...(file instanceof File && file.name ? { name: file.name } : {}),
        photos: [stored],
        combined: null,
        kinds: card.kinds,
        ofKeys: isAboutKeys(),
        group: group ?? null,
      };
      await this.#store(answer);
      answer.status.value = 'done';
    } catch (error) {
      answer.problem.value = photoErrorText(error);
      answer.status.value = 'failed';
    }
  }

  /** Keep an answer in the history, if the user wants that and there is room; without room it lasts for this visit. */
  async #store(answer: Answer): Promise<void> {
    if (!answer.entry.value || !(keepsHistory.value || answer.isStored.value)) return;
    if (this.#tentative.has(answer.id)) return;
    try {
      const isDeleted = answer.isStored.value && !(await isEntryStored(answer.id)); // by another tab: it stays deleted
      if (!isDeleted) await putEntry(answer.entry.value);
      answer.isStored.value = !isDeleted;
      this.#files.delete(answer.id);
    } catch (error) {
      answer.isStored.value = false;
      if (!this.#isStorageReported) notify(t('storage.notKept', { why: storageErrorText(error) }), 'error');
      this.#isStorageReported = true;
    }
  }

  /** Make the photo of an answer again. Throws PhotoError if the file cannot be read any more. */
  async #restored({ file, entry }: Lean): Promise<Entry> {
    const { engine } = await this.running();
    const opened = new EnginePhoto(engine, file);
    const photo = await opened.wholePhoto();
    opened.close();
    return { ...entry, photos: entry.photos.map((each) => ({ ...each, photo })) };
  }

  #add(id: number, photo: Blob): Answer {
    const answer: Answer = {
      id,
      status: signal<Status>('busy'),
      problem: signal(''),
      entry: signal<Entry | null>(null),
      url: signal(URL.createObjectURL(photo)),
      photos: [],
      isStored: signal(false),
    };
    this.#answers.set(id, answer);
    for (const [old, { status }] of this.#answers) {
      if (this.#answers.size <= MAX_IN_MEMORY) break;
      if (status.value !== 'busy' && old !== id) this.#evict(old);
    }
    return answer;
  }

  /** Make room for others; what is not stored can still be shown again in this visit. */
  #evict(id: number): void {
    const answer = this.#answers.get(id);
    const entry = answer?.entry.value;
    const file = this.#files.get(id);
    if (entry && file && entry.photos.length === 1) this.#lean.set(id, { file, entry: withoutPhotos(entry) });
    else if (entry && !answer?.isStored.value) return; // its photos are nowhere else
    this.#release(id);
    this.#files.delete(id);
  }

  #release(id: number): void {
    const answer = this.#answers.get(id);
    if (!answer) return;
    this.#answers.delete(id);
    for (const photo of answer.photos) photo.close();
    URL.revokeObjectURL(answer.url.value);
  }

  /** Return the present time, ms, or a little more: no two answers have the same id. */
  #newId(): number {
    this.#lastId = Math.max(Date.now(), this.#lastId + 1);
    return this.#lastId;
  }
}

/** Return why a photo cannot be used, and what the user can do. */
export function photoErrorText(error: unknown): string {
  if (error instanceof PhotoError && error.problem !== 'closed') return t(`error.${error.problem}`);
  return t('error.other', { why: error instanceof Error ? error.message : String(error) });
}

/** Return an entry without the memory of its photos. */
export function withoutPhotos(entry: Entry): Entry {
  return { ...entry, photos: entry.photos.map((photo) => ({ ...photo, photo: NO_PHOTO })) };
}

/** Return a photo and its keys as they are stored: coordinates are of the stored photo, keys in reading order. */
async function entryPhotoOf(photo: EnginePhoto, result: PhotoResult, card: Card): Promise<EntryPhoto> {
  const whole = await photo.wholePhoto();
  const { thumbnail, width, height } = await thumbnailOf(whole);
  const scale = width / result.width;
  const keys = result.keys.map((key): StoredKey => {
    const { verdict, causes, measurements, features } = key;
    const mine = verdict.isKey ? ownKey(features, card) : undefined;
    const stored = { ...scaled(key, scale), verdict, causes, measurements, features };
    return mine ? { ...stored, myKey: mine.name } : stored;
  });
  const { width: originalWidth, brightness } = result;
  return { photo: whole, thumbnail, width, height, originalWidth, brightness, keys: arranged(keys) };
}

function scaled({ box, head, tip }: Place, scale: number): Place {
  const point = ([x, y]: readonly [number, number]) => [x * scale, y * scale] as const;
  const [a, b, c, d] = box;
  return {
    box: [point(a), point(b), point(c), point(d)],
    head: head && point(head),
    tip: tip && point(tip),
  };
}
