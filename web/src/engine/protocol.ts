/**
 * Messages between the page and the worker that runs the models.
 *
 * In:    nothing
 * Out:   types of requests and replies
 * Needs: the core's types
 */

import type { Box, Card, Cause, Measurements, ModelProblem, PhotoProblem, Point, Verdict } from '../core';

/** URLs of the packed runtime and models, and what was fitted to the models. */
export interface EngineUrls {
  readonly runtime: { readonly script: string; readonly wasm: string };
  readonly detector: string | null; // null: the app has none
  readonly refiner: string | null; // the same
  readonly classifier: string | Blob; // a packed file of the app, or a model file that the user opened
  readonly decision: unknown; // JSON; null: the default for the model's card
}

/** Where a key is, in pixels of the upright photo. */
export interface Place {
  readonly box: Box;
  readonly head: Point | null; // null: the whole photo
  readonly tip: Point | null;
}

/** A key and its answer, in pixels of the upright photo or frame. */
export interface KeyResult extends Place {
  readonly verdict: Verdict;
  readonly causes: readonly Cause[];
  readonly measurements: Measurements;
  readonly frames: number; // for which the verdict has been the same; 1 in a photo
  readonly features: Float32Array | null; // of the crop; null: the model has no such output
}

/** The keys in a photo or camera frame. */
export interface FrameResult {
  readonly width: number; // of the upright original, px
  readonly height: number;
  readonly keys: readonly KeyResult[];
  readonly brightness: number; // mean, 0 to 1
  readonly sharpness: number | null; // as sharpnessOf measures it; null: there is a key
  readonly milliseconds: number; // spent on the image
}

/** A photo that the worker keeps, until it is closed or others have been opened. */
export interface OpenPhoto {
  readonly photo: number; // its handle
  readonly width: number; // of the upright original, px
  readonly height: number;
}

/** The keys in a photo; what is called "not a key" comes last. */
export interface PhotoResult extends FrameResult, OpenPhoto {}

/** The worker's methods. */
export interface EngineMethods {
  load(urls: EngineUrls): Card;
  recogniseFrame(frame: ImageBitmap): FrameResult;
  recognisePhoto(photo: ImageBitmap | Blob): PhotoResult;
  openPhoto(photo: Blob): OpenPhoto; // without looking for keys
  classifyAt(photo: number, head: Point, tip: Point): KeyResult; // a key that was not found
  heatMap(photo: number, place: Place, kind: string): ImageBitmap | null; // over the crop; null: no evidence, no maps
  evidenceCentre(photo: number, place: Place, kind: string): Point | null; // of the map, in u, v of the crop
  keyImage(photo: number, place: Place): ImageBitmap;
  keyPhoto(photo: number, place: Place): Blob; // JPEG: the key and its surroundings
  wholePhoto(photo: number): Blob; // JPEG of at most MAX_SIDE px, over white and without metadata
  closePhoto(photo: number): void;
}

export type MethodName = keyof EngineMethods;
export type Request = {
  [N in MethodName]: { id: number; method: N; args: Parameters<EngineMethods[N]> };
}[MethodName];
export type Problem = PhotoProblem | 'unreadable' | 'closed';
export type Reply =
  | { id: number; result: ReturnType<EngineMethods[MethodName]> }
  | { id: number; problem: Problem | null; model: ModelProblem | null; message: string };

/** What is wrong with a photo, in words. */
const SENTENCES: Readonly<Record<Problem, string>> = {
  empty: 'The file is empty.',
  long: 'The file is too large.',
  small: 'The photo is too small.',
  large: 'The photo has too many pixels.',
  unreadable: 'The file cannot be opened as a photo: it is damaged, or the browser does not know its format.',
  closed: 'The photo has been closed and has to be opened again.',
};

/** A photo that cannot be used; the message says why. */
export class PhotoError extends Error {
  constructor(readonly problem: Problem) {
    super(SENTENCES[problem]);
  }
}
