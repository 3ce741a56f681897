/**
 * Pictures, decoded before they are shown.
 *
 * In:    the addresses that are wanted, the most urgent first
 * Out:   bitmaps; those that nobody wants any more are closed
 * Needs: @preact/signals
 */

import { signal } from '@preact/signals';

const AT_ONCE = 3; // requests
const KEPT = 3; // bitmaps that are no longer wanted, for the way back

/** A decoded picture. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  close(): void;
}

/** Load and decode one. */
export type Load<T extends Picture> = (url: string, signal: AbortSignal) => Promise<T>;

/** The pictures around the present item. */
export class Pictures<T extends Picture> {
  readonly #loaded = new Map<string, T>(); // what was wanted last is last
  readonly #loading = new Map<string, AbortController>();
  readonly #failed = new Set<string>();
  #wanted: readonly string[] = [];
  readonly arrived = signal(0);

  constructor(readonly load: Load<T>) {}

  /** Return a picture; null: it is not there yet. */
  get(url: string): T | null {
    this.arrived.value;
    return this.#loaded.get(url) ?? null;
  }

  /** Return whether a picture could not be loaded. */
  hasFailed(url: string): boolean {
    this.arrived.value;
    return this.#failed.has(url);
  }

  /** Say which pictures are needed from now on. */
  want(urls: readonly string[]): void {
    if (urls.join(' ') === this.#wanted.join(' ')) return;
    this.#wanted = urls;
    for (const url of this.#failed) this.#failed.delete(url); // another try
    for (const [url, control] of this.#loading) if (!urls.includes(url)) control.abort();
    this.#closeOthers();
    this.#fill();
  }

  /** Try those again that failed. */
  retry(): void {
    this.#failed.clear();
    this.#fill();
  }

  #fill(): void {
    for (const url of this.#wanted) {
      if (this.#loading.size >= AT_ONCE) return;
      if (this.#loaded.has(url) || this.#loading.has(url) || this.#failed.has(url)) continue;
      void this.#start(url);
    }
  }

  async #start(url: string): Promise<void> {
    const control = new AbortController();
    this.#loading.set(url, control);
    try {
      const picture = await this.load(url, control.signal);
      if (this.#wanted.includes(url)) this.#loaded.set(url, picture);
      else picture.close();
    } catch {
      if (!control.signal.aborted) this.#failed.add(url);
    } finally {
      this.#loading.delete(url);
    }
    this.arrived.value++;
    this.#fill();
  }

  #closeOthers(): void {
    for (const url of this.#wanted) {
      const picture = this.#loaded.get(url);
      if (!picture) continue;
      this.#loaded.delete(url);
      this.#loaded.set(url, picture);
    }
    const most = this.#wanted.filter((url) => this.#loaded.has(url)).length + KEPT;
    for (const [url, picture] of this.#loaded) {
      if (this.#loaded.size <= most) return;
      this.#loaded.delete(url);
      picture.close();
    }
  }
}

/** Load a picture with the browser. */
export async function loadBitmap(url: string, signal: AbortSignal): Promise<ImageBitmap> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return createImageBitmap(await response.blob());
}
