/**
 * The photos that the worker keeps, so that heat maps and marked keys need not decode them again.
 *
 * In:    Source(s) and the keys recognised in them
 * Out:   handles; the photo of a handle
 * Needs: source.ts
 *
 * A decoded photo takes 4 bytes per pixel, so only the last few are kept: a page that needs another opens it again.
 */

import type { RecognisedKey } from '../core';
import { PhotoError } from './protocol';
import type { Source } from './source';

const MAX_OPEN = 2;

/** A photo, and the keys whose outputs are known. */
export interface Kept {
  readonly source: Source;
  readonly keys: RecognisedKey[];
}

/** The open photos, the one used last at the end. */
export class OpenPhotos {
  readonly #photos = new Map<number, Kept>();
  #lastHandle = 0;

  /** Keep a photo, in place of the one that has not been used for longest; return its handle. */
  keep(source: Source, keys: readonly RecognisedKey[]): number {
    const handle = ++this.#lastHandle;
    this.#photos.set(handle, { source, keys: [...keys] });
    const [oldest] = this.#photos.keys();
    if (this.#photos.size > MAX_OPEN && oldest !== undefined) this.close(oldest);
    return handle;
  }

  /** Return a photo. Throws PhotoError "closed" if it is no longer kept. */
  get(handle: number): Kept {
    const kept = this.#photos.get(handle);
    if (!kept) throw new PhotoError('closed');
    this.#photos.delete(handle);
    this.#photos.set(handle, kept);
    return kept;
  }

  /** Release a photo's memory; it is no error if it was released before. */
  close(handle: number): void {
    this.#photos.get(handle)?.source.bitmap.close();
    this.#photos.delete(handle);
  }
}
