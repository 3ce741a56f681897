/**
 * Decisions on their way to the server: shown at once, sent in order, kept until they have arrived.
 *
 * In:    decisions and undos, as the user makes them
 * Out:   requests, one at a time; photos as the server has them; conflicts with other windows; what fails
 * Needs: api.ts, changes.ts, @preact/signals
 */

import { computed, signal } from '@preact/signals';
import {
  ApiError,
  type Change,
  CONFLICT,
  type Decided,
  type DecisionBody,
  type Photo,
  type Undone,
} from '../api';
import { W } from '../words';
import { agrees } from './changes';

const GONE = 410; // HTTP's status for what was there once
const FIRST_WAIT = 1000; // ms
const LONGEST_WAIT = 15_000;
const REFUSED_WAIT = 4000; // what was refused may be accepted once a file is repaired

/** A decision, and the way back. */
export interface Decision extends DecisionBody {
  readonly index: number; // of the item in its queue
  readonly before: readonly Photo[]; // as they were shown
  readonly wasDecided: boolean;
  readonly isAnswer: boolean; // to what the queue asks
  readonly isAgain?: boolean; // it has been in a conflict before
}

type Entry =
  | { readonly type: 'decision'; readonly decision: Decision }
  | { readonly type: 'undo'; readonly undone: Decision | null }; // what the page has already gone back to

/** Another window has decided about the same photos. */
export interface Conflict {
  readonly decision: Decision;
  readonly photos: readonly Photo[]; // as they are now
}

export interface Failure {
  readonly status: number;
  readonly message: string;
  readonly isRefused: boolean; // the same request is refused again until something else changes
}

/** What the page does with answers. */
export interface OutboxHooks {
  readonly onPhotos: (photos: readonly Photo[]) => void;
  readonly onUndone: (reply: Undone, undone: Decision | null) => void;
  readonly onUndoRefused: (error: ApiError, undone: Decision | null) => void;
  readonly onDropped: (decision: Decision) => void;
  readonly onConflict: (conflict: Conflict) => void;
  /** Return whether the decision's ids still are those photos: after a failure, the server may be another one. */
  readonly isSame: (decision: Decision) => Promise<boolean>;
}

export interface OutboxApi {
  decide(body: DecisionBody): Promise<Decided>;
  undo(): Promise<Undone>;
}

/** The outbox. */
export class Outbox {
  readonly pending = signal<readonly Entry[]>([]);
  readonly failure = signal<Failure | null>(null);
  readonly conflicts = signal<readonly Conflict[]>([]);
  readonly #undoable = signal(0);
  #isSending = false;
  #isDoubtful = false; // a request has failed since the last that arrived
  #wait = FIRST_WAIT;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** How many decisions can be undone, with those that are on their way. */
  readonly undoable = computed(() =>
    this.pending.value.reduce(
      (count, { type }) => Math.max(count + (type === 'decision' ? 1 : -1), 0),
      this.#undoable.value,
    ),
  );

  /** Decisions that are not saved, also those that another window's are in the way of. */
  readonly unsaved = computed<readonly Decision[]>(() => [
    ...this.pending.value.flatMap((each) => (each.type === 'decision' ? each.decision : [])),
    ...this.conflicts.value.map(({ decision }) => decision),
  ]);

  constructor(
    readonly api: OutboxApi,
    readonly hooks: OutboxHooks,
  ) {}

  /** Take the server's count of decisions that can be undone. */
  setUndoable(count: number): void {
    if (!this.pending.value.length) this.#undoable.value = count;
  }

  /** Send a decision. */
  add(decision: Decision): void {
    this.#push({ type: 'decision', decision });
  }

  /** Undo the last decision. One that has not been sent never is. */
  undo(undone: Decision | null): void {
    const last = this.pending.value.at(-1);
    const isFirst = this.pending.value.length === 1; // it may have arrived already
    if (last?.type === 'decision' && !isFirst && last.decision === undone) this.#remove(last);
    else this.#push({ type: 'undo', undone });
  }

  /** Try again at once. */
  retry(): void {
    clearTimeout(this.#timer);
    this.failure.value = null;
    void this.#send();
  }

  /** Give up what the server refuses. */
  drop(): void {
    const [first] = this.pending.value;
    if (!first || this.#isSending) return;
    this.#remove(first);
    if (first.type === 'decision') this.hooks.onDropped(first.decision);
    this.retry();
  }

  /** Close a conflict; return the decision in the versions of now, for those who want it all the same. */
  settle(conflict: Conflict): Decision {
    this.conflicts.value = this.conflicts.value.filter((each) => each !== conflict);
    const { decision, photos } = conflict;
    const changes = decision.changes.map((each) => inVersion(each, photos));
    return { ...decision, before: photos, changes, isAgain: true };
  }

  /** Take the photos of a conflict as they are now. It goes away if they are as it was decided here. */
  renew(conflict: Conflict, photos: readonly Photo[]): void {
    this.conflicts.value = this.conflicts.value.flatMap((each) => {
      if (each !== conflict) return each;
      return isDone(conflict.decision, photos) ? [] : { ...conflict, photos };
    });
  }

  #push(entry: Entry): void {
    this.pending.value = [...this.pending.value, entry];
    if (!this.failure.value || this.failure.value.isRefused) void this.#send();
  }

  #remove(entry: Entry): void {
    this.pending.value = this.pending.value.filter((each) => each !== entry);
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let first = this.pending.value[0]; first; first = this.pending.value[0]) {
        await this.#sendOne(first);
        [this.#wait, this.#isDoubtful] = [FIRST_WAIT, this.pending.value.length > 0 && this.#isDoubtful];
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isSending = false;
    }
  }

  async #sendOne(entry: Entry): Promise<void> {
    try {
      if (entry.type === 'decision') await this.#check(entry.decision);
      if (entry.type === 'decision') this.#arrived(entry, await this.api.decide(bodyOf(entry.decision)));
      else this.#undone(entry, await this.api.undo());
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== CONFLICT) throw error;
      this.#collided(entry, error);
    }
    this.failure.value = null;
  }

  /** Throws ApiError if the decision is about other photos than those of its ids. */
  async #check(decision: Decision): Promise<void> {
    if (!this.#isDoubtful || (await this.hooks.isSame(decision))) return;
    throw new ApiError(GONE, W.otherPhotos);
  }

  #arrived(entry: Entry & { type: 'decision' }, { photos, undo }: Decided): void {
    this.#finish(entry, photos, undo);
    this.hooks.onPhotos(this.#withoutPending(photos));
  }

  #undone(entry: Entry & { type: 'undo' }, reply: Undone): void {
    this.#finish(entry, reply.photos, reply.undo);
    this.hooks.onUndone({ ...reply, photos: this.#withoutPending(reply.photos) }, entry.undone);
  }

  /** Remove an entry; what was decided after it, about the same photos, is about the versions that it made. */
  #finish(entry: Entry, photos: readonly Photo[], undo: number): void {
    this.#undoable.value = undo;
    this.pending.value = this.pending.value
      .filter((each) => each !== entry)
      .map((each) => (each.type === 'decision' ? following(each, entry, photos) : each));
  }

  /** Leave out photos that are shown with a decision that has not arrived yet. */
  #withoutPending(photos: readonly Photo[]): readonly Photo[] {
    const decided = new Set(
      this.pending.value.flatMap((each) =>
        each.type === 'decision' ? each.decision.changes.map(({ photo }) => photo) : [],
      ),
    );
    return photos.filter(({ id }) => !decided.has(id));
  }

  #collided(entry: Entry, error: ApiError): void {
    const { photos } = error;
    if (entry.type === 'undo') {
      this.#remove(entry);
      this.hooks.onPhotos(photos);
      this.hooks.onUndoRefused(error, entry.undone);
      return;
    }
    const { decision } = entry;
    this.#remove(entry);
    this.hooks.onPhotos(photos);
    if (isDone(decision, photos)) {
      this.#undoable.value++; // it had arrived, but its answer had not
      return;
    }
    const conflict = { decision, photos };
    this.conflicts.value = [...this.conflicts.value, conflict];
    this.hooks.onConflict(conflict);
  }

  #fail(error: unknown): void {
    this.#isDoubtful = true;
    const status = error instanceof ApiError ? error.status : 0;
    const message = error instanceof Error ? error.message : String(error);
    const isRefused = status >= 400 && status < 500 && status !== 403 && status !== 408 && status !== 429;
    this.failure.value = { status, message, isRefused };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(), isRefused ? REFUSED_WAIT : this.#wait);
    if (!isRefused) this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
  }
}

function bodyOf({ queue, item, changes }: Decision): DecisionBody {
  return { queue, item, changes };
}

/** Return a later decision in the versions that an earlier one has made, if it is about what that one decided. */
function following(
  later: Entry & { type: 'decision' },
  earlier: Entry,
  photos: readonly Photo[],
): Entry & { type: 'decision' } {
  const { decision } = later;
  const own = earlier.type === 'decision' ? earlier.decision : earlier.undone;
  const ids = new Set(own?.changes.map(({ photo }) => photo));
  const changes = decision.changes.map((each) => (ids.has(each.photo) ? inVersion(each, photos) : each));
  return { ...later, decision: { ...decision, changes } };
}

function inVersion(change: Change, photos: readonly Photo[]): Change {
  const photo = photos.find(({ id }) => id === change.photo);
  return photo ? { ...change, version: photo.version } : change;
}

/** Return whether all that a decision asks for is already so. */
function isDone({ changes }: Decision, photos: readonly Photo[]): boolean {
  return changes.every((change) => {
    const photo = photos.find(({ id }) => id === change.photo);
    return photo !== undefined && agrees(photo, change);
  });
}
