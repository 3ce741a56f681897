/**
 * Photos and their answers: those of this visit, and those in the history.
 *
 * In:    photos; the engine
 * Out:   Answer(s): the photo at once, the keys when they have been recognised
 * Needs: the engine, answer-state.ts, entry-photo.ts, storage
 */

import { EnginePhoto } from '../engine/photo';
import { notify } from '../notices';
import { t } from '../words';
import { type Answer, fail, finished, newAnswer } from './answer-state';
import { entryOf, entryPhotoOf, NO_PHOTO, withoutPhotos } from './entry-photo';
import { errorText } from './error-text';
import type { Running } from './session';
import {
  deleteEntries,
  type Entry,
  type EntryPhoto,
  getEntry,
  isEntryStored,
  putEntry,
} from './storage/entries';
import { PendingPhotos } from './storage/pending';
import { keepsHistory } from './storage/settings';
import { storageErrorText } from './storage/text';

export type { Answer } from './answer-state';

const MAX_IN_MEMORY = 8; // answers with their photos; the others are read from the history

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
  readonly #pending = new PendingPhotos();
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
    else if (options.group === undefined) this.#pending.keep(answer.id, photo);
    void this.#recognise(answer, photo, options);
    return answer;
  }

  /** Read the photos again that an earlier page was reading when it was closed, one after the other. */
  async resume(): Promise<void> {
    for (const id of await this.#pending.interrupted()) {
      const answer = await this.get(id).catch(() => null);
      if (!answer) continue;
      await finished(answer);
      await this.#pending.forget(id); // its answer may have been stored before
    }
  }

  /**
   * Return an answer of this visit or of the history; null if there is none with this id.
   *
   * Throws StorageError if the history cannot be read, PhotoError if a photo that is not stored cannot.
   */
  async get(id: number): Promise<Answer | null> {
    const known = this.#answers.get(id);
    if (known) return this.#asked(known);
    const lean = this.#lean.get(id);
    const entry = await (lean ? this.#restored(lean) : getEntry(id));
    const photo = entry?.photos[0]?.photo;
    if (!entry || !photo) return this.#resumed(id);
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
    await finished(answer);
    await this.remove(answer.id);
  }

  /** Forget an answer of this visit; the history keeps what it has. */
  forget(id: number): void {
    this.#release(id);
    this.#files.delete(id);
    this.#lean.delete(id);
    this.#tentative.delete(id);
  }

  /** Release what the engine had of this visit's answers: another model runs, which reads the photos that are waiting. */
  releaseEngine(): void {
    for (const [id, { status }] of this.#answers) {
      if (status.value === 'busy') continue;
      if (!this.#tentative.has(id)) this.#evict(id);
      if (this.#answers.has(id)) this.forget(id); // nobody asked for it, or nothing can make its photos again
    }
  }

  /** Return whether a photo is still to be read. */
  isWaiting(id: number): boolean {
    return this.#answers.get(id)?.status.value === 'busy';
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

  /** Recognise the keys of a photo; if another model comes in between, with that, unless it is one of an import. */
  async #recognise(answer: Answer, file: Blob, { bitmap, group }: OpenOptions): Promise<void> {
    let model: Running | null = null;
    try {
      model = await this.running();
      const { engine, card } = model;
      const photo = new EnginePhoto(engine, file);
      const result = await photo.recognise(bitmap);
      const stored = await entryPhotoOf(photo, result, card);
      photo.close();
      answer.photos.push(new EnginePhoto(engine, stored.photo));
      answer.entry.value = entryOf(answer.id, file, stored, card, group ?? null);
      await this.#store(answer);
      answer.status.value = 'done';
    } catch (error) {
      const now = model && group === undefined ? await this.running().catch(() => model) : model;
      if (now !== model) return this.#recognise(answer, file, {});
      fail(answer, errorText(error));
    }
    await this.#pending.settle(answer.id);
  }

  /** Return an answer that the user asks for: it is no longer tentative. */
  #asked(answer: Answer): Answer {
    const { id, status } = answer;
    const file = this.#files.get(id);
    if (!this.#tentative.delete(id)) return answer;
    if (status.value === 'busy' && file) this.#pending.keep(id, file);
    else void this.#store(answer);
    return answer;
  }

  /** Read a photo again that an earlier page was reading; null: there is none with this id. */
  async #resumed(id: number): Promise<Answer | null> {
    const pending = this.#answers.has(id) ? null : await this.#pending.take(id);
    const known = this.#answers.get(id); // another call was faster
    if (!pending || known) return known ?? null;
    const { file, isHopeless } = pending;
    const answer = this.#add(id, file);
    this.#files.set(id, file);
    if (isHopeless) fail(answer, t('error.interrupted'));
    if (isHopeless) void this.#pending.settle(id);
    else void this.#recognise(answer, file, {});
    return answer;
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
    const answer = newAnswer(id, photo);
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
