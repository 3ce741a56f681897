/**
 * What the tests of the review page share: photos, items, a server in memory.
 *
 * In:    what differs from the usual
 * Out:   Photo(s), Item(s), FakeServer
 * Needs: src/review/api.ts
 */

import {
  ApiError,
  CONFLICT,
  type Decided,
  type DecisionBody,
  type Item,
  type ItemPage,
  type Photo,
  type Review,
  type Training,
  type Undone,
} from '../../src/review/api';
import { changed } from '../../src/review/state/changes';

/** Return a photo that nobody has decided about. */
export function photo(id: string, with_: Partial<Photo> = {}): Photo {
  return {
    id,
    name: `dimple/${id}.jpg`,
    width: 400,
    height: 300,
    folder_kind: 'dimple',
    kind: 'dimple',
    key: null,
    split: null,
    excluded: null,
    ends: null,
    row: null,
    version: '',
    file: 'f',
    prediction: { kind: 'dimple', probabilities: { dimple: 1 } },
    detections: [],
    problem: null,
    ...with_,
  };
}

/** Return an item of one photo, or of several. */
export function item(...photos: string[]): Item {
  return { id: photos.join('-'), photos, reason: 'Look at it.', suggestion: null, decided: false };
}

/** Let promises settle. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

const IDLE: Training = {
  state: 'idle',
  step: '',
  done: 0,
  seconds: 0,
  log: [],
  result: null,
  decision: null,
};

interface Done {
  readonly queue: string;
  readonly item: string;
  readonly before: readonly Photo[];
}

/** A server that keeps everything in memory: one queue, versions that count, undo. */
export class FakeServer {
  readonly rows = new Map<string, Photo>();
  readonly asked: string[] = []; // names of requests
  failure: ApiError | null = null; // of every request until it is null again
  loseAnswers = false; // decisions arrive, but their answers do not
  #version = 0;
  #done: Done[] = [];
  readonly #decided = new Set<string>();

  constructor(readonly queues: Readonly<Record<string, readonly Item[]>>) {
    for (const id of Object.values(queues).flatMap((items) => items.flatMap(({ photos }) => photos)))
      this.rows.set(id, photo(id));
  }

  get(id: string): Photo {
    const found = this.rows.get(id);
    if (!found) throw new Error(`no photo ${id}`);
    return found;
  }

  /** Decide as another window would. */
  decideElsewhere(id: string, kind: string): void {
    this.rows.set(id, this.#written(changed(this.get(id), { photo: id, version: '', kind }, 'bob', 'now')));
  }

  async review(): Promise<Review> {
    this.#request('state');
    const queues = Object.entries(this.queues).map(([id, items]) => ({
      id,
      title: id,
      reason: 'why',
      size: items.length,
      open: items.filter((each) => !this.#decided.has(each.id)).length,
      state: 'ready' as const,
      done: 0,
      total: 0,
      note: '',
      asks_kind: !['same-key', 'keys', 'duplicates'].includes(id),
    }));
    return {
      folder: '/photos',
      reviewer: 'ann',
      keykind: '1',
      kinds: ['dimple', 'mortice'].map((name, i) => ({ name, shortcut: String(i + 1), photos: 1 })),
      photos: this.rows.size,
      decided: this.#done.length,
      of_keys: true,
      has_splits: false,
      model: null,
      run: null,
      problems: [],
      queues,
      training: IDLE,
      undo: this.#done.length,
    };
  }

  async items(queue: string, offset: number, limit: number): Promise<ItemPage> {
    this.#request(`items ${queue} ${offset}`);
    const all = this.queues[queue] ?? [];
    const items = all.slice(offset, offset + limit).map((each) => ({
      ...each,
      decided: each.decided || this.#decided.has(each.id),
    }));
    return { size: all.length, open: all.length - this.#decided.size, items };
  }

  async photos(ids: readonly string[]): Promise<readonly Photo[]> {
    this.#request(`photos ${ids.join()}`);
    return ids.map((id) => this.get(id));
  }

  async decide({ queue, item, changes }: DecisionBody): Promise<Decided> {
    this.#request(`decide ${changes.map((each) => `${each.photo} ${each.kind ?? ''}`).join()}`);
    const before = changes.map((each) => this.get(each.photo));
    if (changes.some((each) => each.version !== this.get(each.photo).version))
      throw new ApiError(CONFLICT, 'decided elsewhere', before);
    const photos = changes.map((each) => this.#written(changed(this.get(each.photo), each, 'ann', 'now')));
    for (const each of photos) this.rows.set(each.id, each);
    this.#done.push({ queue, item, before });
    this.#decided.add(item);
    if (this.loseAnswers) throw new ApiError(0, 'connection closed');
    return { photos, undo: this.#done.length };
  }

  async undo(): Promise<Undone> {
    this.#request('undo');
    const done = this.#done.pop();
    if (!done) throw new ApiError(CONFLICT, 'nothing to undo');
    const photos = done.before.map((each) => this.#written(each));
    for (const each of photos) this.rows.set(each.id, each);
    this.#decided.delete(done.item);
    return { photos, undo: this.#done.length, queue: done.queue, item: done.item };
  }

  async training(): Promise<Training> {
    return IDLE;
  }

  async order(): Promise<Training> {
    return IDLE;
  }

  #written(row: Photo): Photo {
    return { ...row, version: `v${++this.#version}` };
  }

  #request(name: string): void {
    this.asked.push(name);
    if (this.failure) throw this.failure;
  }
}
