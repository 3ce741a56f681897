/**
 * The engine for other pages: a photo in, the keys in it out. It is published as the package keykind-web.
 *
 * In:    photos: files, bitmaps, elements that show an image
 * Out:   Recogniser; Result(s), with the fields of `keykind predict --json`
 * Needs: client.ts, virtual:packs; a browser, with the package's files beside this module
 */

import { models, runtimes } from 'virtual:packs';
import type { Box, Card, Point, Reason } from '../core';
import { supportedRuntime } from '../precache';
import { Engine } from './client';
import { type KeyResult, PhotoError, type Place } from './protocol';

export { ModelError } from '../core/model-error';
export { PhotoError };

/** The folder of this module; the build would take `new URL('.', import.meta.url)` for a file of it. */
const HERE = import.meta.url.replace(/[^/]*$/, '');

/** What can be recognised: a file, or anything that shows an image. */
export type Photo = Blob | ImageBitmap | HTMLImageElement | HTMLVideoElement | HTMLCanvasElement;

/** How an engine is loaded. */
export interface LoadOptions {
  readonly files?: string | URL; // folder with the package's files; default: that of this module
  readonly model?: Blob; // a model file of `keykind train`, in place of keykind's own
}

/** A key in a photo. */
export interface Key {
  readonly kind: string | null; // null: not known
  readonly reason: Reason | null; // why the kind is not known
  readonly probability: number; // of the most probable kind
  readonly probabilities: Readonly<Record<string, number>>; // per kind
  readonly box: Box; // corners, in pixels of the upright photo
  readonly head: Point | null; // null: a model of whole photos
  readonly tip: Point | null;
}

/** The keys in a photo. */
export interface Result {
  readonly width: number; // of the upright photo, px
  readonly height: number;
  readonly keys: readonly Key[];
}

/** An engine whose models are loaded; it runs in a worker of its own. */
export class Recogniser {
  readonly #engine: Engine;

  private constructor(
    engine: Engine,
    readonly card: Pick<Card, 'kinds' | 'keykind' | 'licence' | 'ofKeys'>,
  ) {
    this.#engine = engine;
  }

  /** Load the models, 9 MB. Throws ModelError for a model that cannot be used, an Error if a file is missing. */
  static async load({ files = HERE, model }: LoadOptions = {}): Promise<Recogniser> {
    const base = new URL(files, document.baseURI);
    const urlOf = (path: string): string => new URL(path, base).href;
    const { script, wasm } = runtimes[supportedRuntime()];
    const engine = new Engine();
    try {
      const card = await engine.call('load', {
        runtime: { script: urlOf(script), wasm: urlOf(wasm) },
        detector: models.detector && urlOf(models.detector),
        refiner: models.refiner && urlOf(models.refiner),
        classifier: model ?? urlOf(models.classifier),
        decision: model ? null : models.decision,
      });
      return new Recogniser(engine, card);
    } catch (error) {
      engine.stop();
      throw error;
    }
  }

  /** Return the keys in a photo, highest detection score first. Throws PhotoError for a photo that cannot be used. */
  async recognise(photo: Photo): Promise<Result> {
    const input = photo instanceof Blob ? photo : await bitmapOf(photo);
    const { width, height, keys, photo: handle } = await this.#engine.call('recognisePhoto', input);
    void this.#engine.call('closePhoto', handle).catch(() => undefined); // it was closed meanwhile
    return { width, height, keys: keys.filter(({ verdict }) => verdict.isKey).map(keyOf) };
  }

  /** Stop the worker and release its memory; photos that are being recognised, and later ones, fail. */
  close(): void {
    this.#engine.stop('the recogniser was closed');
  }
}

/** Return a copy of what an element or a bitmap shows, because bitmaps are transferred. Throws PhotoError. */
async function bitmapOf(photo: Exclude<Photo, Blob>): Promise<ImageBitmap> {
  return createImageBitmap(photo).catch(() => {
    throw new PhotoError('unreadable'); // such as an image that did not load, or a bitmap that was closed
  });
}

function keyOf({ verdict, box, head, tip }: KeyResult & Place): Key {
  const { kind, reason, probability } = verdict;
  const probabilities = Object.fromEntries(
    verdict.probabilities.map((each) => [each.kind, each.probability] as const),
  );
  return { kind, reason, probability, probabilities, box, head, tip };
}
