/**
 * The page's side of the worker: method calls as promises.
 *
 * In:    calls of EngineMethods in protocol.ts
 * Out:   promises of their results; PhotoError for a photo that cannot be used
 * Needs: worker.ts
 */

import { type EngineMethods, type MethodName, PhotoError, type Reply } from './protocol';

interface Pending {
  resolve(result: never): void;
  reject(error: Error): void;
}

/** A running worker. */
export class Engine {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { name: 'keykind' });
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.#settle(data));
    this.#worker.addEventListener('error', (event) => {
      const error = new Error(event.message || 'the worker stopped');
      for (const call of this.#pending.values()) call.reject(error);
      this.#pending.clear();
    });
  }

  /** Call a method. Bitmaps among the arguments are transferred: the caller can no longer use them. */
  call<N extends MethodName>(
    method: N,
    ...args: Parameters<EngineMethods[N]>
  ): Promise<ReturnType<EngineMethods[N]>> {
    const id = ++this.#lastId;
    const bitmaps = args.filter((arg): arg is Extract<typeof arg, ImageBitmap> => arg instanceof ImageBitmap);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, method, args }, bitmaps as Transferable[]);
    });
  }

  #settle(reply: Reply): void {
    const call = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('result' in reply) call?.resolve(reply.result as never);
    else call?.reject(reply.problem ? new PhotoError(reply.problem) : new Error(reply.message));
  }
}
