/**
 * The review desk: which queue and item are shown, and what is decided.
 *
 * In:    the server; commands of the user
 * Out:   signals that the views show
 * Needs: the modules of this folder
 */

import { computed, effect, signal } from '@preact/signals';
import { announce, notify } from '../../notices';
import { Api, type Change, type Item, type Photo, type Queue, type Review, type Undone } from '../api';
import { kindName, W } from '../words';
import { changed } from './changes';
import { Connection } from './connection';
import { type Draft, draftOf } from './draft';
import { type Conflict, type Decision, Outbox } from './outbox';
import { Photos } from './photos';
import { loadBitmap, Pictures } from './pictures';
import { type Mode, type Primary, primaryOf } from './primary';
import { QueueItems } from './queue-items';
import { TrainingRun } from './training-run';

export const KEYS = 'keys';
const REFRESH = 800; // ms after a decision, in which the counts of other queues follow
const WORKING = 1500; // ms between two looks at queues that are being filled
const AROUND = { before: 10, after: 30 }; // items whose photos are asked for
const AHEAD = [0, 1, 2, 3, -1, 4]; // items whose pictures are decoded, the most urgent first
const DRAFTS = 200; // photos whose unsaved marks are remembered

export type DialogName = 'exclude' | 'help' | 'result';

/** The desk. */
export class Desk {
  readonly review = signal<Review | null>(null);
  readonly items = signal<QueueItems | null>(null);
  readonly index = signal(0); // the size of the queue: its end
  readonly dialog = signal<DialogName | null>(null);
  readonly isMarking = signal(false);
  readonly isFull = signal(false);
  readonly zoomAsked = signal(0); // counts
  readonly side = signal(1280); // of the pictures that are shown, px
  readonly isClose = signal(false); // a picture is enlarged beyond that
  readonly drafts = signal<ReadonlyMap<string, Draft>>(new Map());

  readonly connection = new Connection(
    () => this.refresh(),
    () => this.#isBack(),
  );
  readonly photos = new Photos((ids) => this.api.photos(ids));
  readonly pictures = new Pictures(loadBitmap);
  readonly outbox: Outbox;
  readonly training: TrainingRun;
  #stop: (() => void) | null = null;
  #made: Decision[] = []; // in this page, the last one last

  constructor(readonly api = new Api()) {
    this.outbox = new Outbox(api, {
      onPhotos: (photos) => this.#arrived(photos),
      onUndone: (reply, undone) => void this.#undone(reply, undone),
      onUndoRefused: (error) => notify(error.message || W.undoRefused, 'error'),
      onDropped: (decision) => this.#takeBack(decision),
    });
    this.training = new TrainingRun(api, () => this.refresh());
  }

  readonly queue = computed<Queue | null>(
    () => this.review.value?.queues.find(({ id }) => id === this.items.value?.queue) ?? null,
  );
  readonly item = computed<Item | null>(() => this.items.value?.at(this.index.value) ?? null);
  readonly shown = computed<readonly Photo[] | null>(() => {
    const item = this.item.value;
    return item && this.photos.all(item.photos);
  });
  readonly isAtEnd = computed(() => {
    const size = this.items.value?.size.value ?? null;
    return size !== null && this.index.value >= size;
  });
  readonly mode = computed<Mode>(() => {
    if ((this.item.value?.photos.length ?? 1) > 1) return 'group';
    return this.items.value?.queue === KEYS || this.isMarking.value ? 'keys' : 'single';
  });
  readonly draft = computed<Draft | null>(() => {
    const [photo] = this.shown.value ?? [];
    if (!photo || this.mode.value !== 'keys') return null;
    return this.drafts.value.get(photo.id) ?? draftOf(photo);
  });
  readonly primary = computed<Primary | null>(() => {
    const [item, photos, queue] = [this.item.value, this.shown.value, this.items.value?.queue];
    return item && photos && queue !== undefined
      ? primaryOf(queue, this.mode.value, item, photos, this.draft.value)
      : null;
  });

  /** Open the folder. */
  async start(): Promise<void> {
    this.#stop ??= effect(() => this.#prepare());
    await this.refresh();
    const queues = this.review.value?.queues ?? [];
    const first = queues.find(({ state, open }) => state === 'ready' && open > 0) ?? queues[0];
    if (first) await this.openQueue(first.id);
  }

  /** Ask the server how things are. */
  async refresh(): Promise<void> {
    await this.connection.reading(async () => {
      const before = this.queue.peek();
      const review = await this.api.review();
      this.review.value = review;
      this.outbox.setUndoable(review.undo);
      this.training.take(review.training);
      if (review.queues.some(({ state }) => state === 'working')) this.connection.refreshIn(WORKING);
      const now = this.queue.peek();
      if (before && now && before.state !== 'ready' && now.state === 'ready') await this.openQueue(now.id);
    });
  }

  /** Show a queue: its first open item, or another one. */
  async openQueue(id: string, at?: number): Promise<void> {
    const items = new QueueItems(id, (...where) => this.api.items(...where));
    this.items.value = items;
    this.index.value = at ?? 0;
    this.isMarking.value = false;
    await this.connection.reading(() => items.ensure(at ?? 0, at ?? 0));
    if (this.items.peek() !== items) return;
    if (at === undefined) await this.goToOpen(0);
    else this.#announceItem();
  }

  /** Show the queue before or after this one. */
  async openNeighbour(step: number): Promise<void> {
    const queues = this.review.peek()?.queues ?? [];
    const next = queues[queues.findIndex(({ id }) => id === this.items.peek()?.queue) + step];
    if (next) await this.openQueue(next.id);
  }

  /** The queue that is worth opening after this one; null: nothing is open. */
  readonly nextQueue = computed<Queue | null>(() => {
    const queues = this.review.value?.queues ?? [];
    const start = queues.findIndex(({ id }) => id === this.items.value?.queue) + 1;
    const others = [...queues.slice(start), ...queues.slice(0, Math.max(start - 1, 0))];
    return others.find(({ state, open }) => state === 'ready' && open > 0) ?? null;
  });

  /** Open that queue. */
  async openNextQueue(): Promise<void> {
    const { value: next } = this.nextQueue;
    if (next) await this.openQueue(next.id);
  }

  /** Show an item of the queue. */
  go(index: number): void {
    const size = this.items.peek()?.size.peek() ?? 0;
    this.index.value = Math.min(Math.max(index, 0), size);
    this.isMarking.value = false;
    this.isClose.value = false;
    this.#announceItem();
  }

  /** Show the first open item from a place on; if none is open, the end. */
  async goToOpen(start: number, done = ''): Promise<void> {
    const items = this.items.peek();
    if (!items) return;
    const next = items.nextOpen(start);
    await this.connection.reading(async () => {
      const index = typeof next === 'number' ? next : await next;
      if (this.items.peek() !== items) return;
      [this.index.value, this.isClose.value] = [index, false];
      this.#announceItem(done);
    });
  }

  /** Load a part of the queue, with its photos. */
  async need(from: number, to: number): Promise<void> {
    const items = this.items.peek();
    await this.connection.reading(async () => {
      await items?.ensure(from, to);
      const ids: string[] = [];
      for (let i = Math.max(from, 0); i < to; i++) ids.push(...(items?.at(i)?.photos ?? []));
      await this.photos.ensure(ids);
    });
  }

  /** Decide about the item, and show the next one that is open. */
  decide(changes: readonly Change[], done: string): void {
    const [items, item, shown] = [this.items.peek(), this.item.peek(), this.shown.peek()];
    if (!items || !item || !shown || !changes.length) return;
    const decision: Decision = {
      queue: items.queue,
      item: item.id,
      index: this.index.peek(),
      before: shown,
      wasDecided: item.decided,
      changes,
    };
    this.#make(decision);
    announce(done);
    void this.goToOpen(decision.index + 1, done);
  }

  /** Undo the last decision, and show its item again. */
  undo(): void {
    if (!this.outbox.undoable.peek()) {
      announce(W.nothingToUndo);
      return;
    }
    const last = this.#made.pop() ?? null;
    this.outbox.undo(last);
    if (!last) return; // made before the page was opened: the answer says what it was
    this.#takeBack(last);
    void this.#show(last.queue, last.item, last.index);
  }

  /** Settle a conflict with another window. */
  settle(conflict: Conflict, isMine: boolean): void {
    const decision = this.outbox.settle(conflict);
    this.#made = this.#made.filter((each) => each !== conflict.decision);
    if (isMine) this.#make(decision);
  }

  /** Remember the keys that are being marked; null: they are saved, or given up. */
  setDraft(photo: string, draft: Draft | null): void {
    const drafts = new Map(this.drafts.peek());
    drafts.delete(photo);
    if (draft) drafts.set(photo, draft);
    for (const oldest of drafts.keys()) {
      if (drafts.size <= DRAFTS) break;
      drafts.delete(oldest);
    }
    this.drafts.value = drafts;
  }

  /** Reach the server again. */
  retry(): void {
    this.pictures.retry();
    this.outbox.retry();
    void this.refresh();
  }

  #make(decision: Decision): void {
    const [who, when] = [this.review.peek()?.reviewer ?? '', new Date().toISOString()];
    const after = decision.before.map((photo) => {
      const cells = decision.changes.find((each) => each.photo === photo.id);
      return cells ? changed(photo, cells, who, when) : photo;
    });
    this.photos.put(after);
    for (const { photo } of decision.changes) this.setDraft(photo, null);
    this.isMarking.value = false;
    this.#markDecided(decision, true);
    this.#made.push(decision);
    this.outbox.add(decision);
  }

  #takeBack(decision: Decision): void {
    this.photos.put(decision.before);
    this.#markDecided(decision, decision.wasDecided);
    this.#made = this.#made.filter((each) => each !== decision);
  }

  #markDecided({ queue, index }: Decision, isDecided: boolean): void {
    const items = this.items.peek();
    if (items?.queue === queue) items.setDecided(index, isDecided);
  }

  #arrived(photos: readonly Photo[]): void {
    this.photos.put(photos);
    this.connection.refreshIn(REFRESH);
  }

  /** Take the answer to an undo; where it is not what the page has gone back to, go there. */
  async #undone(reply: Undone, undone: Decision | null): Promise<void> {
    this.#arrived(reply.photos);
    if (undone?.queue === reply.queue && undone.item === reply.item) return;
    if (undone) await this.connection.reading(() => this.photos.refresh(undone.before.map(({ id }) => id)));
    await this.#show(reply.queue, reply.item, reply.index ?? null);
  }

  /** Show an item, wherever it is. */
  async #show(queue: string, item: string, index: number | null): Promise<void> {
    if (this.items.peek()?.queue !== queue) await this.openQueue(queue, index ?? 0);
    const items = this.items.peek();
    await this.connection.reading(async () => {
      const isThere = index !== null && items?.at(index)?.id === item;
      const found = isThere ? index : await items?.find(item);
      if (found !== null && found !== undefined && this.items.peek() === items) this.go(found);
    });
  }

  /** Have the photos around the item, and their pictures. */
  #prepare(): void {
    const [items, index] = [this.items.value, this.index.value];
    if (!items || items.size.value === null) return;
    void this.connection.reading(() => items.ensure(index - AROUND.before, index + AROUND.after));
    const around: string[] = [];
    for (let i = index - AROUND.before; i < index + AROUND.after; i++)
      around.push(...(items.at(i)?.photos ?? []));
    void this.connection.reading(() => this.photos.ensure(around));
    const ahead = AHEAD.flatMap((step) => items.at(index + step)?.photos ?? []);
    const pictures = ahead.flatMap((id) => this.photos.get(id) ?? []);
    const urls = pictures.map((photo) => this.photos.picture(photo, this.side.value));
    const close = this.isClose.value ? (this.shown.value ?? []) : [];
    this.pictures.want([...urls, ...close.map((photo) => this.photos.picture(photo, 2560))]);
  }

  #announceItem(done = ''): void {
    const [items, item, [photo]] = [this.items.peek(), this.item.peek(), this.shown.peek() ?? []];
    if (!items || !item) {
      announce([done, this.isAtEnd.peek() ? W.finished : ''].filter(Boolean).join('. '));
      return;
    }
    const place = W.photo(this.index.peek() + 1, items.size.peek() ?? 0);
    announce([done, place, photo ? kindName(photo.kind) : '', item.reason].filter(Boolean).join('. '));
  }

  /** After the server was gone: ask for what is missing. */
  #isBack(): void {
    this.pictures.retry();
    const items = this.items.peek();
    if (!items || items.size.peek() === null) void this.start();
    else this.photos.changed.value++; // #prepare runs again
  }
}
