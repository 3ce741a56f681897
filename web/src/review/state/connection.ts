/**
 * Whether the server answers.
 *
 * In:    what is read from it
 * Out:   the last failure; while there is one, the server is asked again
 * Needs: api.ts, @preact/signals
 */

import { signal } from '@preact/signals';
import { ApiError, FORBIDDEN, NO_ANSWER } from '../api';

const RETRY = 2000; // ms between two tries

/** The way to the server. */
export class Connection {
  readonly failure = signal<ApiError | null>(null); // of the last request that read something
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Number.POSITIVE_INFINITY; // ms, when the server is asked

  constructor(
    readonly refresh: () => Promise<void>,
    readonly onBack: () => void, // it answers again: what was missing can be asked for
  ) {}

  /** Read something; an ApiError becomes the failure. */
  async reading(read: () => Promise<unknown>): Promise<void> {
    try {
      await read();
      this.failure.value = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failure.value = error;
      if (error.status === NO_ANSWER || error.status === FORBIDDEN || error.status >= 500)
        this.refreshIn(RETRY);
    }
  }

  /** Ask the server how things are, some time from now, or earlier if that was asked for. */
  refreshIn(milliseconds: number): void {
    const due = performance.now() + milliseconds;
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => void this.#again(), milliseconds);
  }

  async #again(): Promise<void> {
    this.#due = Number.POSITIVE_INFINITY;
    const wasGone = this.failure.peek() !== null;
    await this.refresh();
    if (wasGone && !this.failure.peek()) this.onBack();
  }
}
