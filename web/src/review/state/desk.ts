/**
 * The review desk: what is shown, and what is decided about it.
 *
 * In:    the server; commands of the user
 * Out:   signals that the views show
 * Needs: the modules of this folder
 */

import { computed, signal } from '@preact/signals';
import { notify } from '../../notices';
import { Api, type ApiError, type Change, type Photo, type Queue, type Review, type Undone } from '../api';
import { W } from '../words';
import { Connection } from './connection';
import { canMark, type Draft, draftOf } from './draft';
import { Drafts } from './drafts';
import { firstDecided, Made } from './made';
import { NameSearch } from './name-search';
import { type Conflict, type Decision, Outbox } from './outbox';
import { Place } from './place';
import { type Mode, type Primary, primaryOf } from './primary';
import { say } from './said';
import { TrainingRun } from './training-run';

const KEYS = 'keys'; // the queue in which keys are marked
export const ALL = 'all'; // the queue of all photos
const REFRESH = 1000; // ms after a decision, in which the counts follow
const WORKING = 1500; // ms between two looks at queues that are being filled

export type DialogName = 'conflict' | 'exclude' | 'find' | 'help' | 'key-name' | 'result' | 'train';

/** The desk. */
export class Desk {
  readonly review = signal<Review | null>(null);
  readonly dialog = signal<DialogName | null>(null);
  readonly isMarking = signal(false);
  readonly isFull = signal(false);
  readonly zoomAsked = signal(0); // counts
  readonly kindAsked = signal(0); // counts, too
  readonly drafts = new Drafts();
  readonly connection = new Connection(
    () => this.refresh(),
    () => this.#isBack(),
  );
  readonly place: Place;
  readonly made: Made;
  readonly outbox: Outbox;
  readonly training: TrainingRun;
  #isOutdated = false; // more has been found than the queue shows
  keyName = ''; // the last that was given

  constructor(readonly api = new Api()) {
    this.place = new Place(api, this.connection, () => this.#endText());
    this.made = new Made(this.place, this.drafts, this.review);
    this.outbox = new Outbox(api, {
      onPhotos: (photos) => this.#arrived(photos),
      onUndone: (reply, undone) => void this.#undone(reply, undone),
      onUndoRefused: (error, undone) => void this.#undoRefused(error, undone),
      onDropped: (decision) => this.made.takeBack(decision),
      onConflict: ({ decision }) => {
        if (decision.isAgain) this.dialog.value ??= 'conflict';
      },
      isSame: (decision) => this.#isSame(decision),
    });
    this.training = new TrainingRun(api, () => void this.refresh());
  }

  readonly queue = computed<Queue | null>(
    () => this.review.value?.queues.find(({ id }) => id === this.place.items.value?.queue) ?? null,
  );
  /** The queue that is worth opening after this one; null: nothing is open. */
  readonly nextQueue = computed<Queue | null>(() => {
    const queues = this.review.value?.queues ?? [];
    const start = queues.findIndex(({ id }) => id === this.place.items.value?.queue) + 1;
    const others = [...queues.slice(start), ...queues.slice(0, Math.max(start - 1, 0))];
    return others.find(({ state, open }) => state === 'ready' && open > 0) ?? null;
  });
  readonly mode = computed<Mode>(() => {
    if ((this.place.item.value?.photos.length ?? 1) > 1) return 'group';
    const [photo] = this.place.shown.value ?? [];
    if (photo && !canMark(photo)) return 'single';
    return this.place.items.value?.queue === KEYS || this.isMarking.value ? 'keys' : 'single';
  });
  readonly draft = computed<Draft | null>(() => {
    const [photo] = this.place.shown.value ?? [];
    if (!photo || this.mode.value !== 'keys') return null;
    return this.drafts.now.value.get(photo.id) ?? draftOf(photo);
  });
  readonly primary = computed<Primary | null>(() => {
    const [item, photos] = [this.place.item.value, this.place.shown.value];
    const queue = this.place.items.value?.queue;
    return item && photos && queue !== undefined
      ? primaryOf(queue, this.mode.value, item, photos, this.draft.value)
      : null;
  });

  /** Open the folder. */
  async start(): Promise<void> {
    this.place.start();
    await this.refresh();
    const queues = this.review.value?.queues ?? [];
    const first = queues.find(({ state, open }) => state !== 'unavailable' && open > 0) ?? queues[0];
    if (first) await this.openQueue(first.id);
  }

  /** Ask the server how things are. */
  async refresh(): Promise<void> {
    await this.connection.reading(async () => {
      const before = this.review.peek();
      const review = await this.api.review();
      const waiting = this.outbox.pending
        .peek()
        .flatMap((each) => (each.type === 'decision' ? firstDecided(each.decision) : []));
      const unsaved = waiting.reduce((sum, each) => sum + each, 0);
      this.review.value = { ...review, decided: review.decided + unsaved };
      this.outbox.setUndoable(review.undo);
      this.training.take(review.training);
      if (isWorking(review)) this.connection.refreshIn(WORKING);
      if (before && before.session !== review.session) await this.#restart();
      else if (isWorking(before) || this.#isOutdated) await this.#renew();
    });
  }

  /** Show a queue: its first open item. */
  async openQueue(id: string): Promise<void> {
    this.isMarking.value = false;
    await this.place.openQueue(id);
  }

  /** Show the queue before or after this one. */
  async openNeighbour(step: number): Promise<void> {
    const queues = this.review.peek()?.queues ?? [];
    const next = queues[queues.findIndex(({ id }) => id === this.place.items.peek()?.queue) + step];
    if (next) await this.openQueue(next.id);
  }

  /** Show the next queue in which something is open. */
  async openNextQueue(): Promise<void> {
    const { value: next } = this.nextQueue;
    if (next) await this.openQueue(next.id);
  }

  /** Return a search for photos and keys by name. */
  search(): NameSearch {
    return new NameSearch(this.api, this.connection, this.place.photos);
  }

  /** Show a photo among all photos. */
  async show(photo: string, index: number | null): Promise<void> {
    this.isMarking.value = false;
    await this.place.find(ALL, photo, index);
  }

  /** Show an item of the queue. */
  go(index: number): void {
    this.isMarking.value = false;
    this.place.go(index);
  }

  /** Decide about the item, and show the next one that is open, if that answers what the queue asks. */
  decide(changes: readonly Change[], done: string): void {
    const { place } = this;
    const [items, item, shown] = [place.items.peek(), place.item.peek(), place.shown.peek()];
    if (!items || !item || !shown || !changes.length) return;
    const decision: Decision = {
      queue: items.queue,
      item: item.id,
      index: place.index.peek(),
      before: shown,
      wasDecided: item.decided,
      isAnswer: !this.queue.peek()?.asks_kind || changes.some((each) => 'kind' in each || 'excluded' in each),
      changes,
    };
    this.#make(decision);
    if (decision.isAnswer) void place.goToOpen(decision.index + 1, done);
    else say(done);
  }

  /** Undo the last decision, and show its item again. */
  undo(): void {
    if (!this.outbox.undoable.peek()) {
      say(W.nothingToUndo);
      return;
    }
    const last = this.made.last();
    this.outbox.undo(last);
    if (!last) return; // made before the page was opened: the answer says what it was
    this.made.takeBack(last);
    this.isMarking.value = false;
    void this.place.find(last.queue, last.item, last.index, W.undone);
  }

  /** Settle a conflict with another window. */
  settle(conflict: Conflict, isMine: boolean): void {
    const decision = this.outbox.settle(conflict);
    this.made.forget(conflict.decision);
    if (isMine) this.#make(decision);
  }

  /** Look again at the photos of a conflict. */
  async recheck(conflict: Conflict): Promise<void> {
    const ids = conflict.decision.changes.map(({ photo }) => photo);
    await this.connection.reading(async () => {
      const photos = await this.api.photos(ids);
      if (!this.outbox.conflicts.peek().includes(conflict)) return; // the user has settled it meanwhile
      this.place.photos.put(photos);
      this.outbox.renew(conflict, photos);
      if (this.outbox.unsaved.peek().includes(conflict.decision)) return;
      this.made.forget(conflict.decision);
      if (!this.outbox.conflicts.peek().length) this.dialog.value = null;
      notify(W.agreed, 'ready');
    });
  }

  /** Return how many decisions of a queue are not saved. */
  unsavedIn(queue: string): number {
    return this.outbox.unsaved.value.filter((each) => each.queue === queue).length;
  }

  /** Reach the server again. */
  retry(): void {
    this.place.pictures.retry();
    this.outbox.retry();
    void this.refresh();
  }

  #make(decision: Decision): void {
    this.isMarking.value = false;
    this.made.add(decision);
    this.outbox.add(decision);
  }

  /** Return what is said where there is no photo to show. */
  #endText(): string {
    const queue = this.queue.peek();
    if (queue && queue.state !== 'ready') return queue.state === 'working' ? W.working : W.unavailable;
    if (queue && this.outbox.failure.peek() && this.unsavedIn(queue.id))
      return W.kept(this.unsavedIn(queue.id));
    return this.place.items.peek()?.size.peek() ? W.finished : W.empty;
  }

  #arrived(photos: readonly Photo[]): void {
    this.place.photos.put(photos);
    this.connection.refreshIn(REFRESH);
  }

  /** Take the answer to an undo; where it is not what the page has gone back to, go there. */
  async #undone(reply: Undone, undone: Decision | null): Promise<void> {
    this.#arrived(reply.photos);
    if (undone?.queue === reply.queue && undone.item === reply.item) return;
    const { place } = this;
    const [isOwn, [photo]] = [this.made.correct(undone, reply), reply.photos];
    if (undone) await this.connection.reading(() => place.photos.refresh(undone.before.map(({ id }) => id)));
    this.isMarking.value = false;
    const done = isOwn || !photo ? W.undone : W.undoneElsewhere(photo.name);
    await place.find(reply.queue, reply.item, reply.index ?? null, done);
    place.items.peek()?.setDecided(reply.item, place.index.peek(), false);
  }

  /** What the page has already gone back to is as the server has it. */
  async #undoRefused(error: ApiError, undone: Decision | null): Promise<void> {
    notify(error.message || W.undoRefused, 'error');
    this.connection.refreshIn(REFRESH);
    if (!undone) return;
    this.made.markDecided(undone, undone.isAnswer || undone.wasDecided);
    await this.connection.reading(() => this.place.photos.refresh(undone.before.map(({ id }) => id)));
  }

  async #isSame({ before }: Decision): Promise<boolean> {
    const now = await this.api.photos(before.map(({ id }) => id));
    return now.length === before.length && now.every(({ name }, i) => name === before[i]?.name);
  }

  /** Show what has been found since, once every decision has arrived. */
  async #renew(): Promise<void> {
    const hasArrived = (): boolean => this.outbox.pending.peek().length === 0;
    this.place.photos.expire(this.review.peek()?.run?.name ?? '');
    this.#isOutdated = !hasArrived();
    if (hasArrived()) await this.place.renew(hasArrived);
  }

  /** After the server was started again: ids are others. */
  async #restart(): Promise<void> {
    this.place.photos.clear();
    this.made.clear();
    const queue = this.place.items.peek()?.queue ?? this.review.peek()?.queues[0]?.id;
    if (queue !== undefined) await this.openQueue(queue);
  }

  /** After the server was gone: ask for what is missing. */
  #isBack(): void {
    this.place.pictures.retry();
    const items = this.place.items.peek();
    if (!items || items.size.peek() === null) void this.start();
    else this.place.photos.changed.value++; // what is around is asked for again
  }
}

function isWorking(review: Review | null): boolean {
  return review?.queues.some(({ state }) => state === 'working') ?? false;
}
