/**
 * The HTTP API of `keykind review`, as the page sees it.
 *
 * In:    requests
 * Out:   typed answers; ApiError if there is none, or one that refuses
 * Needs: fetch
 */

import type { Point } from '../core/geometry';

export interface Kind {
  readonly name: string;
  readonly shortcut: string | null;
  readonly photos: number;
  readonly colour?: string | null;
}

export type QueueState = 'ready' | 'working' | 'unavailable';

export interface Queue {
  readonly id: string;
  readonly title: string;
  readonly reason: string; // why its photos are worth a look
  readonly size: number;
  readonly open: number;
  readonly state: QueueState;
  readonly done: number; // of the work that fills it
  readonly total: number;
  readonly note: string; // why it is unavailable, and what to do
  readonly asks_kind: boolean; // what the photo shows, which the name or the ends of a key do not say
}

export interface Score {
  readonly f1: number;
  readonly interval: Interval;
}

export type Interval = readonly [low: number, high: number];

export interface Review {
  readonly folder: string;
  readonly reviewer: string;
  readonly keykind: string; // version
  readonly kinds: readonly Kind[];
  readonly photos: number;
  readonly decided: number;
  readonly of_keys: boolean;
  readonly has_splits: boolean;
  readonly model: { readonly name: string; readonly kinds: readonly string[] } | null;
  readonly run: ({ readonly name: string } & Partial<Score>) | null;
  readonly problems: readonly string[];
  readonly queues: readonly Queue[];
  readonly training: Training;
  readonly undo: number; // decisions that can be undone
  readonly session?: string; // new with each start of the server
}

export interface Suggestion {
  readonly kind?: string | null;
  readonly key?: string | null; // the physical key that all photos show
  readonly excluded?: string | null; // the reason to leave the photo out
  readonly exclude?: string | number | null; // of several photos, the one to leave out
}

/** What a text finds. */
export interface Found {
  readonly photos: readonly { readonly photo: string; readonly index: number | null }[]; // place among all photos
  readonly total: number; // of photos; only the first are listed
  readonly keys: readonly string[]; // names of physical keys
}

/** What is decided at once: a photo, or several that belong together. */
export interface Item {
  readonly id: string;
  readonly photos: readonly string[];
  readonly reason: string;
  readonly suggestion: Suggestion | null;
  readonly decided: boolean;
}

export interface ItemPage {
  readonly size: number;
  readonly open: number;
  readonly items: readonly Item[];
}

/** A key of a photo, px of the upright photo. */
export interface MarkedKey {
  readonly head: Point;
  readonly tip: Point;
  readonly kind: string | null;
}

export interface DetectedKey {
  readonly head: Point;
  readonly tip: Point;
  readonly width: number;
  readonly score: number;
}

export interface Photo {
  readonly id: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly folder_kind: string | null;
  readonly kind: string | null;
  readonly key: string | null;
  readonly split: string | null;
  readonly excluded: string | null;
  readonly ends: readonly MarkedKey[] | null; // null: nobody has marked its keys
  readonly row: { readonly who: string | null; readonly when: string | null } | null; // null: not decided
  readonly version: string; // of what is decided about it
  readonly file: string; // version of the file
  readonly prediction: {
    readonly kind: string | null;
    readonly probabilities: Readonly<Record<string, number>>;
    readonly source?: string; // which model, at the end of a sentence
  } | null;
  readonly detections: readonly DetectedKey[] | null;
  readonly problem: string | null;
}

/** What a decision says about one photo. Only the cells that are there change; null clears one. */
export interface Change {
  readonly photo: string;
  readonly version: string; // of the photo that was decided about
  readonly kind?: string | null;
  readonly key?: string | null;
  readonly split?: string | null;
  readonly ends?: readonly MarkedKey[] | null;
  readonly excluded?: string | null;
}

export interface DecisionBody {
  readonly queue: string;
  readonly item: string;
  readonly changes: readonly Change[];
}

export interface Decided {
  readonly photos: readonly Photo[];
  readonly undo: number;
}

export interface Undone extends Decided {
  readonly queue: string;
  readonly item: string;
  readonly index?: number | null; // of the item in its queue
}

/** A photo whose prediction training has changed. */
export interface ChangedPhoto {
  readonly photo: string | number;
  readonly true: string;
  readonly before: string;
  readonly after: string;
}

export interface TrainingResult {
  readonly before: Score | null; // null, like the difference: there was no run before
  readonly after: Score;
  readonly difference: number | null;
  readonly interval: Interval | null;
  readonly improved: readonly ChangedPhoto[];
  readonly worsened: readonly ChangedPhoto[];
  readonly photos: number;
  readonly keys: number;
}

export interface Training {
  readonly state: 'idle' | 'running' | 'finished' | 'failed';
  readonly step: string;
  readonly done: number; // 0..1
  readonly seconds: number;
  readonly log: readonly string[];
  readonly result: TrainingResult | null; // null: not finished, or no photo to compare on
  readonly decision: 'kept' | 'discarded' | null;
}

export type TrainingOrder = 'start' | 'stop' | 'keep' | 'discard';

export const NO_ANSWER = 0;
export const CONFLICT = 409;
export const FORBIDDEN = 403;
export const SIDES = [256, 640, 1280, 2560] as const; // of pictures, px

/** A request that failed. */
export class ApiError extends Error {
  constructor(
    readonly status: number, // NO_ANSWER: the server is gone
    message: string,
    readonly photos: readonly Photo[] = [], // of a conflict: as they are now
  ) {
    super(message);
  }
}

/** The server. */
export class Api {
  review(): Promise<Review> {
    return request<Review>('api/state');
  }

  async items(queue: string, offset: number, limit: number): Promise<ItemPage> {
    const page = await request<ItemPage>(
      `api/queues/${encodeURIComponent(queue)}?offset=${offset}&limit=${limit}`,
    );
    return { ...page, items: page.items.map(withTextIds) };
  }

  async photos(ids: readonly string[]): Promise<readonly Photo[]> {
    return withIds(await request<readonly Photo[]>(`api/photos?ids=${ids.map(encodeURIComponent).join()}`));
  }

  async search(text: string): Promise<Found> {
    const found = await request<Found>(`api/search?text=${encodeURIComponent(text)}`);
    return { ...found, photos: found.photos.map((each) => ({ ...each, photo: String(each.photo) })) };
  }

  /** Look for photos that were added; return how many there are. */
  async lookAgain(): Promise<number> {
    return (await request<{ readonly added: number }>('api/photos', {})).added;
  }

  async decide(body: DecisionBody): Promise<Decided> {
    const reply = await request<Decided>('api/decisions', body);
    return { ...reply, photos: withIds(reply.photos) };
  }

  async undo(): Promise<Undone> {
    const reply = await request<Undone>('api/undo', {});
    return { ...reply, item: String(reply.item), photos: withIds(reply.photos) };
  }

  training(): Promise<Training> {
    return request<Training>('api/training');
  }

  order(order: TrainingOrder): Promise<Training> {
    return request<Training>(order === 'start' ? 'api/training' : `api/training/${order}`, {});
  }
}

/** Return the address of a picture of a photo. */
export function pictureUrl(photo: string, side: number, version: string): string {
  return `api/photos/${encodeURIComponent(photo)}/image?side=${side}&v=${encodeURIComponent(version)}`;
}

/** Send a request: a POST if there is a body. Throws ApiError. */
async function request<T>(path: string, body?: unknown): Promise<T> {
  const options: RequestInit =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(path, options);
    answer = await response.json().catch(() => null);
  } catch (error) {
    throw new ApiError(NO_ANSWER, error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) throw errorOf(response, answer);
  return answer as T;
}

function errorOf(response: Response, answer: unknown): ApiError {
  const { detail, photos } = (answer ?? {}) as { detail?: unknown; photos?: readonly Photo[] };
  const message = typeof detail === 'string' ? detail : `${response.status} ${response.statusText}`;
  return new ApiError(response.status, message, withIds(photos ?? []));
}

function withIds(photos: readonly Photo[]): readonly Photo[] {
  return photos.map((photo) => ({ ...photo, id: String(photo.id) }));
}

function withTextIds(item: Item): Item {
  return { ...item, id: String(item.id), photos: item.photos.map(String) };
}
