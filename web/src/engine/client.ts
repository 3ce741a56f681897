/**
 * The page's side of the worker that looks at pictures.
 *
 * In:    Calls of protocol.ts
 * Out:   promises of their answers; PhotoFault for a photo that cannot be looked at
 * Needs: worker.ts
 */

import { type Calls, type Name, PhotoFault, type Reply } from './protocol';

interface Waiting {
  done(result: never): void;
  failed(error: Error): void;
}

/** The worker at work. */
export class Engine {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { name: 'keykind' });
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.#answered(data));
    this.#worker.addEventListener('error', (event) => {
      for (const one of this.#waiting.values()) one.failed(new Error(event.message || 'the worker stopped'));
      this.#waiting.clear();
    });
  }

  /** Ask the worker; bitmaps that are given are gone afterwards. */
  ask<N extends Name>(name: N, ...given: Parameters<Calls[N]>): Promise<ReturnType<Calls[N]>> {
    const id = ++this.#last;
    const transfer = given.filter(
      (one): one is Extract<typeof one, ImageBitmap> => one instanceof ImageBitmap,
    );
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed });
      this.#worker.postMessage({ id, name, given }, transfer as Transferable[]);
    });
  }

  #answered(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('result' in reply) waiting?.done(reply.result as never);
    else waiting?.failed(reply.fault ? new PhotoFault(reply.fault) : new Error(reply.message));
  }
}
