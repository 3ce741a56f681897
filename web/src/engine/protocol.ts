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

/** A key as the page shows it, in pixels of the upright photo or frame. */
export interface KeyResult {
  readonly box: Box;
  readonly head: Point | null; // null: the whole photo was classified
  readonly tip: Point | null;
  readonly verdict: Verdict;
  readonly causes: readonly Cause[];
  readonly measurements: Measurements;
  readonly frames: number; // for which the verdict has been the same; 1 in a photo
}

/** The keys in a photo or camera frame. */
export interface FrameResult {
  readonly width: number; // of the upright original, px
  readonly height: number;
  readonly keys: readonly KeyResult[];
  readonly brightness: number; // mean, 0 to 1
  readonly milliseconds: number; // spent on the image
}

/** The keys in a photo, and a bitmap of it for display. */
export interface PhotoResult extends FrameResult {
  readonly bitmap: ImageBitmap;
}

/** The worker's methods. */
export interface EngineMethods {
  load(urls: EngineUrls): Card;
  recogniseFrame(frame: ImageBitmap): FrameResult;
  recognisePhoto(photo: ImageBitmap | Blob): PhotoResult;
  heatMap(key: number, kind: string): ImageBitmap | null; // over the key's crop; null: no evidence, or no maps
  keyImage(key: number): ImageBitmap;
  keyPhoto(key: number): Blob; // JPEG for the collection
}

export type MethodName = keyof EngineMethods;
export type Request = {
  [N in MethodName]: { id: number; method: N; args: Parameters<EngineMethods[N]> };
}[MethodName];
export type Reply =
  | { id: number; result: ReturnType<EngineMethods[MethodName]> }
  | { id: number; problem: PhotoProblem | 'unreadable' | null; model: ModelProblem | null; message: string };

/** A photo that cannot be used, and why. */
export class PhotoError extends Error {
  constructor(readonly problem: PhotoProblem | 'unreadable') {
    super(problem);
  }
}
