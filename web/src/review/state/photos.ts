/**
 * What is known about photos.
 *
 * In:    ids
 * Out:   Photo(s), fetched in batches; addresses of pictures
 * Needs: api.ts, @preact/signals
 */

import { signal } from '@preact/signals';
import { type Photo, pictureUrl } from '../api';

const MOST = 3000; // photos that are remembered
const BATCH = 100; // photos a request

/** The photos. What reads them is drawn again when any has changed. */
export class Photos {
  readonly #known = new Map<string, Photo>(); // the one that was asked for last is last
  readonly #asked = new Set<string>();
  readonly #stale = new Set<string>();
  #run = ''; // that the predictions are by
  readonly changed = signal(0);

  constructor(readonly fetchPhotos: (ids: readonly string[]) => Promise<readonly Photo[]>) {}

  /** Return a photo; null: it is not there yet. */
  get(id: string): Photo | null {
    this.changed.value; // so that the caller is run again
    return this.#known.get(id) ?? null;
  }

  /** Return photos; null: at least one is not there yet. */
  all(ids: readonly string[]): readonly Photo[] | null {
    const photos = ids.map((id) => this.get(id)).filter((photo) => photo !== null);
    return photos.length === ids.length ? photos : null;
  }

  /** Take photos as they are now. */
  put(photos: readonly Photo[]): void {
    for (const photo of photos) {
      this.#known.delete(photo.id);
      this.#known.set(photo.id, photo);
      this.#stale.delete(photo.id);
    }
    for (const id of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(id);
    }
    if (photos.length) this.changed.value++;
  }

  /** Fetch those of some photos that are not known. Throws ApiError; they can then be asked for again. */
  async ensure(ids: readonly string[]): Promise<void> {
    const isMissing = (id: string): boolean =>
      (!this.#known.has(id) || this.#stale.has(id)) && !this.#asked.has(id);
    const missing = [...new Set(ids)].filter(isMissing);
    await this.#fetch(missing);
  }

  /** Fetch photos again. */
  async refresh(ids: readonly string[]): Promise<void> {
    await this.#fetch(ids);
  }

  /** Say that the server may know more by now: photos that no model had seen, or all if the run is another one. */
  expire(run: string): void {
    for (const { id, prediction, detections } of this.#known.values())
      if (run !== this.#run || !prediction || !detections) this.#stale.add(id);
    this.#run = run;
    if (this.#stale.size) this.changed.value++;
  }

  /** Forget all photos: their ids are those of another session. */
  clear(): void {
    this.#known.clear();
    this.#stale.clear();
    this.changed.value++;
  }

  /** Return the address of a photo's picture. */
  picture(photo: Photo, side: number): string {
    return pictureUrl(photo.id, side, photo.file);
  }

  async #fetch(ids: readonly string[]): Promise<void> {
    for (let start = 0; start < ids.length; start += BATCH) {
      const batch = ids.slice(start, start + BATCH);
      for (const id of batch) this.#asked.add(id);
      try {
        this.put(await this.fetchPhotos(batch));
      } finally {
        for (const id of batch) this.#asked.delete(id);
      }
    }
  }
}
