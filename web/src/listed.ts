/**
 * A file of the app, as the service worker lists it.
 *
 * In:    nothing
 * Out:   Listed; which of the two runtimes a browser takes
 * Needs: nothing
 */

/** A file of this version. */
export interface Listed {
  readonly url: string; // relative to the service worker
  readonly sha256: string;
  readonly bytes: number;
  readonly only?: Runtime; // browsers of the other runtime do without
}

export type Runtime = 'relaxed' | 'compat';

/** A module of one function that needs relaxed SIMD. */
const RELAXED = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0],
  ...[65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11],
);

/** Return the runtime for this browser: relaxed SIMD is faster, where it is there. */
export function runtimeHere(): Runtime {
  return WebAssembly.validate(RELAXED) ? 'relaxed' : 'compat';
}
