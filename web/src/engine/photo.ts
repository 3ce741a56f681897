/**
 * A photo that is opened in the engine when it is needed.
 *
 * In:    the engine; a photo as a file
 * Out:   what the engine makes of it: keys, heat maps, crops
 * Needs: client.ts
 *
 * The engine keeps the last few photos only; one that it has closed is opened again.
 */

import type { Point } from '../core';
import type { Engine } from './client';
import { type KeyResult, PhotoError, type PhotoResult, type Place } from './protocol';

/** A photo; its coordinates are pixels of the file's upright image. */
export class EnginePhoto {
  #handle: number | null = null;
  #opening: Promise<number> | null = null; // several calls at once open the photo once

  constructor(
    readonly engine: Engine,
    readonly file: Blob,
  ) {}

  /** Find the keys in it, or in a bitmap of the same photo. Throws PhotoError if it cannot be used. */
  async recognise(bitmap: ImageBitmap | null = null): Promise<PhotoResult> {
    const result = await this.engine.call('recognisePhoto', bitmap ?? this.file);
    this.#handle = result.photo;
    return result;
  }

  /** Classify a key that was not found. */
  classifyAt(head: Point, tip: Point): Promise<KeyResult> {
    return this.#with((handle) => this.engine.call('classifyAt', handle, head, tip));
  }

  /** Return the heat map for a kind over a key; null: no evidence, or the model outputs no maps. */
  heatMap(place: Place, kind: string): Promise<ImageBitmap | null> {
    return this.#with((handle) => this.engine.call('heatMap', handle, place, kind));
  }

  /** Return where on the crop the evidence for a kind is, 0..1 along and across; null: none, or no maps. */
  evidenceCentre(place: Place, kind: string): Promise<Point | null> {
    return this.#with((handle) => this.engine.call('evidenceCentre', handle, place, kind));
  }

  /** Return a key, head left and tip right. */
  keyImage(place: Place): Promise<ImageBitmap> {
    return this.#with((handle) => this.engine.call('keyImage', handle, place));
  }

  /** Return a key and its surroundings as JPEG. */
  keyPhoto(place: Place): Promise<Blob> {
    return this.#with((handle) => this.engine.call('keyPhoto', handle, place));
  }

  /** Return the photo as JPEG, without metadata, at most 2,048 px wide and high. */
  wholePhoto(): Promise<Blob> {
    return this.#with((handle) => this.engine.call('wholePhoto', handle));
  }

  /** Release the engine's memory. */
  close(): void {
    if (this.#handle !== null) void this.engine.call('closePhoto', this.#handle).catch(() => undefined);
    this.#handle = null;
  }

  async #with<T>(use: (handle: number) => Promise<T>): Promise<T> {
    try {
      if (this.#handle !== null) return await use(this.#handle);
    } catch (error) {
      if (!(error instanceof PhotoError && error.problem === 'closed')) throw error;
    }
    return use(await this.#open());
  }

  #open(): Promise<number> {
    this.#opening ??= this.engine
      .call('openPhoto', this.file)
      .then(({ photo }) => {
        this.#handle = photo;
        return photo;
      })
      .finally(() => {
        this.#opening = null;
      });
    return this.#opening;
  }
}
