/**
 * The files that the service worker caches, and which of them a browser needs.
 *
 * In:    nothing
 * Out:   PrecacheEntry; the runtime that this browser supports
 * Needs: nothing
 */

/** A file of this version of the app. */
export interface PrecacheEntry {
  readonly url: string; // relative to the service worker
  readonly sha256: string;
  readonly bytes: number;
  readonly only?: Runtime; // needed with this runtime only
  readonly onDemand?: true; // cached when it is first opened, not at the first visit
}

export type Runtime = 'relaxed' | 'compat';

/** A WebAssembly module with one instruction of relaxed SIMD. */
const RELAXED_SIMD = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0],
  ...[65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11],
);

/** Return the fastest runtime that this browser supports: with relaxed SIMD, or without. */
export function supportedRuntime(): Runtime {
  return WebAssembly.validate(RELAXED_SIMD) ? 'relaxed' : 'compat';
}
