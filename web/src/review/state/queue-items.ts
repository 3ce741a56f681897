/**
 * The items of a queue, in pages.
 *
 * In:    pages of the server
 * Out:   Item(s) by their place; the next one that is open
 * Needs: api.ts, @preact/signals
 */

import { signal } from '@preact/signals';
import type { Item, ItemPage } from '../api';

export const PAGE = 200; // items

/** A queue's items. What reads them is drawn again when any has changed. */
export class QueueItems {
  readonly #items: (Item | undefined)[] = [];
  readonly #loading = new Map<number, Promise<void>>();
  readonly size = signal<number | null>(null); // null: the first page is not there yet
  readonly open = signal(0);
  readonly changed = signal(0);

  constructor(
    readonly queue: string,
    readonly fetchPage: (queue: string, offset: number, limit: number) => Promise<ItemPage>,
  ) {}

  /** Return the item at a place; null: it is not there yet, or there is none. */
  at(index: number): Item | null {
    this.changed.value;
    return this.#items[index] ?? null;
  }

  /** Load the pages with the items from one place to another. Throws ApiError. */
  async ensure(from: number, to: number): Promise<void> {
    const last = Math.min(to, (this.size.peek() ?? PAGE) - 1);
    const pages: Promise<void>[] = [];
    for (let page = Math.floor(Math.max(from, 0) / PAGE); page * PAGE <= last; page++)
      if (!this.#items[page * PAGE]) pages.push(this.#load(page));
    if (this.size.peek() === null && !pages.length) pages.push(this.#load(0));
    await Promise.all(pages);
  }

  /** Return the place of the first open item from `start` on, then from the beginning; the size: none is open. */
  nextOpen(start: number): number | Promise<number> {
    const size = this.size.peek() ?? 0;
    for (let step = 0; step < size; step++) {
      const index = (start + step) % size;
      const item = this.#items[index];
      if (!item) return this.ensure(index, index).then(() => this.#nextAfterLoading(start, index));
      if (!item.decided) return index;
    }
    return size;
  }

  /** Return the place of an item, near `hint` at best; pages are loaded until it is found. null: it is not there. */
  async find(id: string, hint: number): Promise<number | null> {
    await this.ensure(hint, hint);
    const size = this.size.peek() ?? 0;
    for (const start of [Math.floor(hint / PAGE) * PAGE, ...pageStarts(size)]) {
      await this.ensure(start, start);
      const found = this.#items.slice(start, start + PAGE).findIndex((item) => item?.id === id);
      if (found >= 0) return start + found;
    }
    return null;
  }

  /** Say whether an item is decided; the count of open ones follows. hint: where it was. */
  setDecided(id: string, hint: number, decided: boolean): void {
    const index = this.#items[hint]?.id === id ? hint : this.#items.findIndex((each) => each?.id === id);
    const item = this.#items[index];
    if (!item || item.decided === decided) return;
    this.#items[index] = { ...item, decided };
    this.open.value += decided ? -1 : 1;
    this.changed.value++;
  }

  #nextAfterLoading(start: number, index: number): number | Promise<number> {
    return this.#items[index] ? this.nextOpen(start) : index; // the queue has become shorter
  }

  #load(page: number): Promise<void> {
    const loading = this.#loading.get(page) ?? this.#fetch(page);
    this.#loading.set(page, loading);
    return loading;
  }

  async #fetch(page: number): Promise<void> {
    try {
      const { size, open, items } = await this.fetchPage(this.queue, page * PAGE, PAGE);
      items.forEach((item, i) => {
        this.#items[page * PAGE + i] = item;
      });
      if (this.size.peek() === null) this.open.value = open;
      this.size.value = size;
      this.changed.value++;
    } finally {
      this.#loading.delete(page);
    }
  }
}

/** Return where each page begins. */
function pageStarts(size: number): number[] {
  return Array.from({ length: Math.ceil(size / PAGE) }, (_, page) => page * PAGE);
}
