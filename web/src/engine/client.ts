/**
 * The page's side of the worker: method calls as promises.
 *
 * In:    calls of EngineMethods in protocol.ts
 * Out:   promises of their results; PhotoError for a photo, ModelError for a model that cannot be used
 * Needs: worker.ts
 */

import { ModelError } from '../core/model-error';
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
  #stopped: string | null = null; // why

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.#settle(data));
    this.#worker.addEventListener('error', (event) => this.#fail(event.message || 'the worker stopped'));
  }

  /** Stop the worker; calls in progress and later ones fail with this message. */
  stop(why = 'the model was replaced'): void {
    this.#stopped = why;
    this.#worker.terminate();
    this.#fail(why);
  }

  /** Call a method. Bitmaps among the arguments are transferred: the caller can no longer use them. */
  call<N extends MethodName>(
    method: N,
    ...args: Parameters<EngineMethods[N]>
  ): Promise<ReturnType<EngineMethods[N]>> {
    const id = ++this.#lastId;
    const bitmaps = args.filter((arg): arg is Extract<typeof arg, ImageBitmap> => arg instanceof ImageBitmap);
    if (this.#stopped !== null) {
      for (const bitmap of bitmaps) bitmap.close();
      return Promise.reject(new Error(this.#stopped)); // nobody is there to answer
    }
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, method, args }, bitmaps as Transferable[]);
    });
  }

  #settle(reply: Reply): void {
    const call = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('result' in reply) call?.resolve(reply.result as never);
    else call?.reject(errorOf(reply));
  }

  #fail(message: string): void {
    for (const call of this.#pending.values()) call.reject(new Error(message));
    this.#pending.clear();
  }
}

function errorOf({ problem, model, message }: Extract<Reply, { message: string }>): Error {
  if (problem) return new PhotoError(problem);
  return model ? new ModelError(model, message) : new Error(message);
}
