/**
 * One answer: the photo at once, its keys when they have been recognised.
 *
 * In:    a photo
 * Out:   Answer: signals that views show
 * Needs: @preact/signals
 */

import { type Signal, signal } from '@preact/signals';
import type { EnginePhoto } from '../engine/photo';
import type { Entry } from './storage/entries';

/** Where an answer stands. */
export type Status = 'busy' | 'done' | 'failed';

/** A photo, and what it shows. */
export interface Answer {
  readonly id: number;
  readonly status: Signal<Status>;
  readonly problem: Signal<string>; // why it failed, for the user
  readonly entry: Signal<Entry | null>; // null until it is done
  readonly url: Signal<string>; // of the photo, for an <img>; the first of several
  readonly photos: EnginePhoto[]; // as in the entry
  readonly isStored: Signal<boolean>;
}

/** Return the answer to a photo that is to be read. */
export function newAnswer(id: number, photo: Blob): Answer {
  return {
    id,
    status: signal<Status>('busy'),
    problem: signal(''),
    entry: signal<Entry | null>(null),
    url: signal(URL.createObjectURL(photo)),
    photos: [],
    isStored: signal(false),
  };
}

/** Wait until an answer is done or has failed. */
export async function finished({ status }: Answer): Promise<void> {
  await new Promise<void>((resolve) => {
    let stop = (): void => undefined;
    stop = status.subscribe((now) => {
      if (now === 'busy') return;
      resolve();
      queueMicrotask(() => stop()); // the first call is before `subscribe` returns
    });
  });
}

/** End an answer without a result. problem: why, for the user. */
export function fail({ problem, status }: Answer, why: string): void {
  problem.value = why;
  status.value = 'failed';
}
