/**
 * Where the user is: the queue, the item, its photos; and what is loaded around it.
 *
 * In:    pages of queues, photos, pictures
 * Out:   signals that the views show
 * Needs: queue-items.ts, photos.ts, pictures.ts
 */

import { batch, computed, effect, signal } from '@preact/signals';
import type { Api, Item, Photo } from '../api';
import { kindName, W } from '../words';
import type { Connection } from './connection';
import { Photos } from './photos';
import { loadBitmap, Pictures } from './pictures';
import { QueueItems } from './queue-items';
import { say } from './said';

const AROUND = { before: 10, after: 30 }; // items whose photos are asked for
const AHEAD = [0, 1, 2, 3, -1, 4]; // items whose pictures are decoded, the most urgent first
export const LARGEST = 2560; // px, side of the picture of an enlarged photo

/** The place. */
export class Place {
  readonly items = signal<QueueItems | null>(null);
  readonly index = signal(0); // the size of the queue: its end
  readonly side = signal(1280); // of the pictures that are shown, px
  readonly isClose = signal(false); // a picture is enlarged beyond that
  readonly photos: Photos;
  readonly pictures = new Pictures(loadBitmap);
  #stop: (() => void) | null = null;

  readonly item = computed<Item | null>(() => this.items.value?.at(this.index.value) ?? null);
  readonly shown = computed<readonly Photo[] | null>(() => {
    const item = this.item.value;
    return item && this.photos.all(item.photos);
  });
  readonly isAtEnd = computed(() => {
    const size = this.items.value?.size.value ?? null;
    return size !== null && this.index.value >= size;
  });

  constructor(
    readonly api: Pick<Api, 'items' | 'photos'>,
    readonly connection: Connection,
    readonly endText: () => string,
  ) {
    this.photos = new Photos((ids) => api.photos(ids));
  }

  /** Load what is around the item, from now on. */
  start(): void {
    this.#stop ??= effect(() => this.#prepare());
  }

  /** Show a queue: its first open item, or another one. */
  async openQueue(id: string, at?: number): Promise<void> {
    const items = this.#itemsOf(id);
    batch(() => {
      this.items.value = items;
      this.index.value = at ?? 0;
      this.isClose.value = false;
    });
    await this.connection.reading(() => items.ensure(at ?? 0, at ?? 0));
    if (this.items.peek() !== items) return;
    if (at === undefined) await this.goToOpen(0);
    else this.#announceItem();
  }

  /** Show an item of the queue. */
  go(index: number, done = ''): void {
    const size = this.items.peek()?.size.peek() ?? 0;
    this.#moveTo(Math.min(Math.max(index, 0), size), done);
  }

  /** Show the first open item from a place on; if none is open, the end. */
  async goToOpen(start: number, done = ''): Promise<void> {
    const items = this.items.peek();
    if (!items) return;
    const next = items.nextOpen(start);
    if (typeof next === 'number') {
      this.#moveTo(next, done);
      return;
    }
    await this.connection.reading(async () => {
      const index = await next;
      if (this.items.peek() === items) this.#moveTo(index, done);
    });
  }

  /** Show an item, wherever it is. */
  async find(queue: string, item: string, index: number | null, done = ''): Promise<void> {
    if (this.items.peek()?.queue !== queue) await this.openQueue(queue, index ?? 0);
    const items = this.items.peek();
    if (index !== null && items?.at(index)?.id === item) {
      this.go(index, done);
      return;
    }
    await this.connection.reading(async () => {
      const found = await items?.find(item, index ?? 0);
      if (this.items.peek() !== items) return;
      if (typeof found === 'number') this.go(found, done);
      else await this.#findAnew(queue, item, done);
    });
  }

  /** Show an item that has come into the queue since it was loaded. */
  async #findAnew(queue: string, item: string, done: string): Promise<void> {
    const [before, fresh] = [this.items.peek(), this.#itemsOf(queue)];
    const found = await fresh.find(item, 0);
    if (this.items.peek() !== before) return;
    if (found === null) {
      if (done) say(done);
      return;
    }
    this.items.value = fresh;
    this.go(found, done);
  }

  /** Load a part of the queue, with its photos. */
  async need(from: number, to: number): Promise<void> {
    const items = this.items.peek();
    await this.connection.reading(async () => {
      await items?.ensure(from, to);
      const ids: string[] = [];
      for (let i = Math.max(from, 0); i < to; i++) ids.push(...(items?.at(i)?.photos ?? []));
      await this.photos.ensure(ids);
    });
  }

  /** Take what has been found since: the queue may be longer, and in another order. The item stays. */
  async renew(isCurrent: () => boolean): Promise<void> {
    const [items, item, index] = [this.items.peek(), this.item.peek(), this.index.peek()];
    if (!items) return;
    const fresh = this.#itemsOf(items.queue);
    await fresh.ensure(index, index);
    const place = !item ? await fresh.nextOpen(0) : await fresh.find(item.id, index);
    if (this.items.peek() !== items || this.index.peek() !== index || !isCurrent()) return;
    batch(() => {
      this.items.value = fresh;
      this.index.value = place ?? Math.min(index, fresh.size.peek() ?? 0);
    });
  }

  #itemsOf(queue: string): QueueItems {
    return new QueueItems(queue, (...where) => this.api.items(...where));
  }

  #moveTo(index: number, done = ''): void {
    batch(() => {
      this.index.value = index;
      this.isClose.value = false;
    });
    this.#announceItem(done);
  }

  #prepare(): void {
    const [items, index] = [this.items.value, this.index.value];
    if (!items || items.size.value === null) return;
    const [from, to] = [index - AROUND.before, index + AROUND.after];
    const around: string[] = [];
    for (let i = from; i < to; i++) around.push(...(items.at(i)?.photos ?? []));
    void this.connection.reading(() => Promise.all([items.ensure(from, to), this.photos.ensure(around)]));
    const ahead = AHEAD.flatMap((step) => items.at(index + step)?.photos ?? []);
    const urls = ahead.flatMap((id) => this.photos.get(id) ?? []).map((photo) => this.#picture(photo));
    const close = this.isClose.value ? (this.shown.value ?? []) : [];
    this.pictures.want([...urls, ...close.map((photo) => this.photos.picture(photo, LARGEST))]);
  }

  #picture(photo: Photo): string {
    return this.photos.picture(photo, this.side.value);
  }

  #announceItem(done = ''): void {
    const [items, item, [photo]] = [this.items.peek(), this.item.peek(), this.shown.peek() ?? []];
    if (!items || !item) {
      say(done, this.isAtEnd.peek() ? this.endText() : '');
      return;
    }
    const place = W.photo(this.index.peek() + 1, items.size.peek() ?? 0);
    say(done, [place, photo ? kindName(photo.kind) : '', item.reason].filter(Boolean).join('. '));
  }
}
