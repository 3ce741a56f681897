/**
 * What the page and the worker that looks at pictures say to each other.
 *
 * In:    nothing
 * Out:   types of requests and answers
 * Needs: the core's types
 */

import type { Box, Card, Cause, Fault, Measures, Point, Verdict } from '../core';

/** Where the runtime and the models lie, as addresses. */
export interface Places {
  readonly runtime: { readonly script: string; readonly wasm: string };
  readonly finder: string;
  readonly keys: string;
}

/** A key as the page shows it, in pixels of the upright photo or frame. */
export interface SeenKey {
  readonly box: Box;
  readonly head: Point | null;
  readonly tip: Point | null;
  readonly verdict: Verdict;
  readonly causes: readonly Cause[];
  readonly measures: Measures;
  readonly frames: number; // for which the answer has been the same; of a still 1
}

/** What a photo or frame shows. */
export interface Seen {
  readonly width: number; // of the upright original, px
  readonly height: number;
  readonly keys: readonly SeenKey[];
  readonly brightness: number; // of all of it, 0 to 1
  readonly milliseconds: number; // that looking took
}

/** A photo that stays, with a picture of it to show. */
export interface Still extends Seen {
  readonly picture: ImageBitmap;
}

/** What can be asked of the worker; one answer each. */
export interface Calls {
  load(places: Places): Card;
  look(frame: ImageBitmap): Seen;
  still(source: ImageBitmap | Blob): Still;
  evidence(key: number, kind: string | null): ImageBitmap | null; // kind null: the key alone; null: no evidence
  keep(key: number): Blob;
}

export type Name = keyof Calls;
export type Request = { [N in Name]: { id: number; name: N; given: Parameters<Calls[N]> } }[Name];
export type Reply =
  | { id: number; result: ReturnType<Calls[Name]> }
  | { id: number; fault: Fault | 'unreadable' | null; message: string };

/** A photo that cannot be looked at, and why. */
export class PhotoFault extends Error {
  constructor(readonly fault: Fault | 'unreadable') {
    super(fault);
  }
}
