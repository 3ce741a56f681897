/**
 * The state of an answer's view, and what the user can do in it.
 *
 * In:    an Answer
 * Out:   signals: the key that is selected, the photo that is shown; changes of the entry
 * Needs: answers.ts, changes.ts, storage
 */

import { computed, signal } from '@preact/signals';
import type { Point } from '../../core';
import type { EnginePhoto } from '../../engine/photo';
import { t } from '../../words';
import type { Answer } from '../answers';
import type { App } from '../app';
import { kindLabel } from '../kinds/kinds';
import { announce, notify } from '../notices';
import { addPhoto, deletePhotos, NOT_A_KEY } from '../storage/corrections';
import type { Entry, EntryPhoto, StoredKey } from '../storage/entries';
import { corrected, markedKey, promoted, saidOf, withKeys } from './changes';
import { removedPhoto } from './combining';
import { answerText, isKey } from './describe';

/** What the user does in the photo. */
export type Mode = 'look' | 'mark';

/** The state of the view. */
export class Sheet {
  readonly selected = signal<StoredKey | null>(null);
  readonly photoIndex = signal(0);
  readonly mode = signal<Mode>('look');

  constructor(
    readonly app: App,
    readonly answer: Answer,
  ) {}

  readonly photo = computed<EntryPhoto | null>(() => {
    const photos = this.answer.entry.value?.photos;
    return photos?.[this.photoIndex.value] ?? photos?.[0] ?? null;
  });

  /** The keys of the photo that is shown, in the order of their numbers. */
  readonly keys = computed(() => this.photo.value?.keys.filter(isKey) ?? []);

  /** What was detected in it, and is not a key. */
  readonly others = computed(() => this.photo.value?.keys.filter((key) => !isKey(key)) ?? []);

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

  get entry(): Entry {
    const { value } = this.answer.entry;
    if (!value) throw new Error('the answer is not there yet');
    return value;
  }

  /** Store what the user says a key is, and its photo for training. */
  async correct(key: StoredKey, correction: string): Promise<void> {
    const { kinds, ofKeys } = this.entry;
    let { photoId } = key;
    try {
      const photo = await this.engine.keyPhoto(key);
      photoId = await addPhoto({ kind: correction, said: saidOf(key), photo, kinds, ofKeys }, photoId);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      notify(t('collection.failed', { why }), 'error');
    }
    const now = corrected(key, correction, photoId);
    await this.#replace(key, now);
    const kind = correction === NOT_A_KEY ? t('key.notKey') : kindLabel(correction);
    if (correction === NOT_A_KEY) {
      const undo = { label: t('answer.undo'), run: () => void this.undo(now) };
      notify(t('answer.removed'), 'undo', undo);
    } else announce(t('correct.added', { kind }));
  }

  /** Take a correction back. */
  async undo(key: StoredKey): Promise<void> {
    if (key.photoId !== undefined) await deletePhotos([key.photoId]).catch(() => undefined);
    await this.#replace(key, corrected(key, undefined));
  }

  /** Add a key whose head and tip the user has marked. */
  async mark(head: Point, tip: Point): Promise<void> {
    const key = markedKey(await this.engine.classifyAt(head, tip));
    await this.#change([...this.#all(), key]);
    this.selected.value = key;
    announce(t('answer.marked', { answer: answerText(key) }));
  }

  /** Remove a key that the user has marked. */
  async remove(key: StoredKey): Promise<void> {
    const before = this.#all();
    await this.#change(before.filter((each) => each !== key));
    if (this.selected.value === key) this.selected.value = null;
    const undo = { label: t('answer.undo'), run: () => void this.#change(before) };
    notify(t('answer.removed'), 'undo', undo);
  }

  /** Say that a detection is a key after all. */
  async promote(key: StoredKey): Promise<void> {
    if (!key.head || !key.tip) return;
    const now = promoted(key, await this.engine.classifyAt(key.head, key.tip));
    if (key.photoId !== undefined) await deletePhotos([key.photoId]).catch(() => undefined);
    await this.#replace(key, now);
    this.selected.value = now;
    announce(t('answer.marked', { answer: answerText(now) }));
  }

  /** Remove one of several photos of a key. */
  async removePhoto(index: number): Promise<void> {
    this.answer.photos.splice(index, 1)[0]?.close();
    this.photoIndex.value = 0;
    await this.app.answers.update(this.answer, removedPhoto(this.entry, index));
  }

  #all(): readonly StoredKey[] {
    return this.photo.value?.keys ?? [];
  }

  async #replace(key: StoredKey, now: StoredKey): Promise<void> {
    if (this.selected.value === key) this.selected.value = now;
    await this.#change(this.#all().map((each) => (each === key ? now : each)));
  }

  async #change(keys: readonly StoredKey[]): Promise<void> {
    await this.app.answers.update(this.answer, withKeys(this.entry, this.photoIndex.value, keys));
  }
}
