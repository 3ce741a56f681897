/**
 * The state of an answer's view, and what the user can do in it.
 *
 * In:    an Answer
 * Out:   signals: the key that is selected, the photo that is shown; changes of the entry
 * Needs: answers.ts, changes.ts, combining.ts, storage
 */

import { computed, signal } from '@preact/signals';
import type { Point } from '../../core';
import type { EnginePhoto } from '../../engine/photo';
import { announce, clearPassing, notify } from '../../notices';
import { t } from '../../words';
import type { Answer } from '../answers';
import type { App } from '../app';
import { kindLabel } from '../kinds/kinds';
import { navigate, route } from '../router';
import { addPhoto, deletePhotos, NOT_A_KEY } from '../storage/corrections';
import type { Entry, EntryPhoto, StoredKey } from '../storage/entries';
import { storageErrorText } from '../storage/text';
import { addPhotoOf } from './adding';
import { corrected, idOf, markedKey, promoted, saidOf, withKeys } from './changes';
import { type Rule, removedPhoto } from './combining';
import { answerText, isKey, isWhole } from './describe';

/** What the user does in the photo. */
export type Mode = 'look' | 'mark';

/** The state of the view. */
export class Sheet {
  readonly selected = signal<string | null>(null); // idOf a key
  readonly photoIndex = signal(0);
  readonly mode = signal<Mode>('look');
  readonly toFocus = signal<string | null>(null); // idOf a key whose card gets the focus

  constructor(
    readonly app: App,
    readonly answer: Answer,
  ) {}

  readonly photo = computed<EntryPhoto | null>(() => {
    const photos = this.answer.entry.value?.photos;
    return photos?.[this.photoIndex.value] ?? photos?.[0] ?? null;
  });

  /** The keys of the photo that is shown, in the order of their numbers; of several photos of one key, its verdict. */
  readonly keys = computed<readonly StoredKey[]>(() => {
    const verdict = this.answer.entry.value?.combined;
    const keys = this.photo.value?.keys.filter((key) => isKey(key) || isWhole(key)) ?? [];
    return verdict
      ? keys.map((key) => ({ ...key, verdict, causes: verdict.reason ? key.causes : [] }))
      : keys;
  });

  /** What was detected in it, and is not a key. */
  readonly others = computed<readonly StoredKey[]>(
    () => this.photo.value?.keys.filter((key) => !isKey(key) && !isWhole(key)) ?? [],
  );

  /** Whether the model that runs is one of the entry's kinds: only then there are heat maps. */
  readonly isOfModel = computed(() => {
    const [own, entry] = [this.app.running.value?.card, this.answer.entry.value];
    return own !== undefined && entry !== null && own.kinds.join() === entry.kinds.join();
  });

  /** The photo that is shown, in the engine. */
  get engine(): EnginePhoto {
    const photo = this.answer.photos[this.photoIndex.value] ?? this.answer.photos[0];
    if (!photo) throw new Error('the answer has no photo yet');
    return photo;
  }

  /** What turns probabilities into answers. */
  get rule(): Rule {
    const { kindThreshold = 0.5 } = this.app.running.value ?? {};
    return { kindThreshold };
  }

  get entry(): Entry {
    const { value } = this.answer.entry;
    if (!value) throw new Error('the answer is not there yet');
    return value;
  }

  /** Select a key; its card comes into view, and has the focus. */
  focusOn(id: string): void {
    this.selected.value = id;
    this.toFocus.value = id;
  }

  /** Store what the user says a key is, and its photo for training; of several photos of one key, each. */
  async correct({ box }: StoredKey, correction: string): Promise<void> {
    const { photos, combined } = this.entry;
    const shown = this.photoIndex.value;
    for (const [index, photo] of photos.entries()) {
      if (!combined && index !== shown) continue;
      for (const key of photo.keys) {
        if (!combined && idOf(key) !== idOf({ box })) continue;
        const photoId = await this.#keep(index, key, correction);
        if (correction === NOT_A_KEY) this.selected.value = null; // else its outline would stay
        await this.#replace(index, idOf(key), (each) => corrected(each, correction, photoId));
      }
    }
    const kind = correction === NOT_A_KEY ? t('key.notKey') : kindLabel(correction);
    const undo = { label: t('answer.undo'), run: () => void this.undo({ box }) };
    if (correction === NOT_A_KEY && !combined) notify(t('answer.removed'), 'undo', undo);
    else announce(t('correct.added', { kind }));
  }

  /** Take a correction back. */
  async undo({ box }: Pick<StoredKey, 'box'>): Promise<void> {
    const { photos, combined } = this.entry;
    for (const [index, photo] of photos.entries()) {
      for (const key of photo.keys) {
        if (!combined && idOf(key) !== idOf({ box })) continue;
        if (key.photoId !== undefined) await deletePhotos([key.photoId]).catch(() => undefined);
        await this.#replace(index, idOf(key), (each) => corrected(each, undefined));
      }
    }
    announce(t('answer.undone'));
  }

  /** Add a key whose head and tip the user has marked. */
  async mark(head: Point, tip: Point): Promise<void> {
    const key = markedKey(await this.engine.classifyAt(head, tip));
    const before = this.#keysOf(this.photoIndex.value);
    const isNew = !before.some((each) => idOf(each) === idOf(key)); // it may have been added by a double click
    if (isNew) await this.#change(this.photoIndex.value, [...before, key]);
    this.focusOn(idOf(key));
    announce(t('answer.marked', { answer: answerText(key) }));
  }

  /** Remove a key that the user has marked. */
  async remove(key: StoredKey): Promise<void> {
    const index = this.photoIndex.value;
    const before = this.#keysOf(index);
    await this.#change(
      index,
      before.filter((each) => idOf(each) !== idOf(key)),
    );
    const undo = { label: t('answer.undo'), run: () => void this.#change(index, before) };
    notify(t('answer.removed'), 'undo', undo);
  }

  /** Say that a detection is a key after all. */
  async promote(key: StoredKey): Promise<void> {
    if (!key.head || !key.tip) return;
    const now = promoted(key, await this.engine.classifyAt(key.head, key.tip));
    if (key.photoId !== undefined) await deletePhotos([key.photoId]).catch(() => undefined);
    await this.#replace(this.photoIndex.value, idOf(key), () => now);
    this.focusOn(idOf(now));
    announce(t('answer.marked', { answer: answerText(now) }));
  }

  /** Let the user take or choose another photo of a key. */
  takeAnother(key: StoredKey): void {
    const { app, answer } = this;
    app.nextPhoto.value = async (photo) => {
      navigate({ view: 'answer', id: answer.id }, true);
      notify(t('answer.adding'), 'ready');
      const problem = await addPhotoOf(this, key, photo);
      if (problem) notify(problem, 'error');
      else clearPassing();
    };
    navigate({ view: 'scan' });
    announce(t('answer.takeAnother'));
    const stop = route.subscribe(({ view }) => {
      if (view === 'scan') return;
      app.nextPhoto.value = null;
      queueMicrotask(() => stop());
    });
  }

  /** Remove one of several photos of a key. */
  async removePhoto(index: number): Promise<void> {
    this.photoIndex.value = 0;
    await this.app.answers.removePhoto(this.answer, index, removedPhoto(this.entry, index, this.rule));
    announce(t('answer.photoRemoved'));
  }

  /** Store a corrected key's photo for training; return its id, undefined if there is no room. */
  async #keep(index: number, key: StoredKey, kind: string): Promise<number | undefined> {
    const { kinds, ofKeys } = this.entry;
    try {
      const photo = await (this.answer.photos[index] ?? this.engine).keyPhoto(key);
      return await addPhoto({ kind, said: saidOf(key), photo, kinds, ofKeys }, key.photoId);
    } catch (error) {
      notify(t('corrections.failed', { why: storageErrorText(error) }), 'error');
      return key.photoId;
    }
  }

  #keysOf(index: number): readonly StoredKey[] {
    return this.entry.photos[index]?.keys ?? [];
  }

  async #replace(index: number, id: string, change: (key: StoredKey) => StoredKey): Promise<void> {
    const keys = this.#keysOf(index).map((key) => (idOf(key) === id ? change(key) : key));
    await this.#change(index, keys);
  }

  async #change(index: number, keys: readonly StoredKey[]): Promise<void> {
    await this.app.answers.update(this.answer, withKeys(this.entry, index, keys));
  }
}
