/**
 * The decisions made in this page: each is shown at once, and can be taken back.
 *
 * In:    decisions
 * Out:   photos, items and counts as they will be once the server has it
 * Needs: place.ts, drafts.ts, changes.ts
 */

import type { Signal } from '@preact/signals';
import type { Review } from '../api';
import { changed } from './changes';
import type { Drafts } from './drafts';
import type { Decision } from './outbox';
import type { Place } from './place';

/** The decisions, the last one last. */
export class Made {
  #decisions: Decision[] = [];

  constructor(
    readonly place: Place,
    readonly drafts: Drafts,
    readonly review: Signal<Review | null>,
  ) {}

  /** Return the last one; null: there is none. */
  last(): Decision | null {
    return this.#decisions.at(-1) ?? null;
  }

  /** Show a decision. */
  add(decision: Decision): void {
    const [who, when] = [this.review.peek()?.reviewer ?? '', new Date().toISOString()];
    const after = decision.before.map((photo) => {
      const cells = decision.changes.find((each) => each.photo === photo.id);
      return cells ? changed(photo, cells, who, when) : photo;
    });
    this.place.photos.put(after);
    for (const { photo } of decision.changes) this.drafts.set(photo, null);
    this.markDecided(decision, decision.isAnswer || decision.wasDecided);
    this.#count(firstDecided(decision));
    this.#decisions.push(decision);
  }

  /** Show what was there before a decision. */
  takeBack(decision: Decision): void {
    this.place.photos.put(decision.before);
    this.markDecided(decision, decision.wasDecided);
    this.#count(-firstDecided(decision));
    this.forget(decision);
  }

  /** The server has taken back another decision than this page: follow it. Return whether that was made here. */
  correct(taken: Decision | null, reply: { readonly queue: string; readonly item: string }): boolean {
    if (taken) {
      this.markDecided(taken, taken.isAnswer || taken.wasDecided);
      this.#count(firstDecided(taken));
      this.#decisions.push(taken);
    }
    const own = this.#decisions.findLast(({ queue, item }) => queue === reply.queue && item === reply.item);
    if (own) this.forget(own);
    return own !== undefined;
  }

  /** Say whether the item of a decision is decided. */
  markDecided({ queue, item, index }: Decision, isDecided: boolean): void {
    const items = this.place.items.peek();
    if (items?.queue === queue) items.setDecided(item, index, isDecided);
  }

  /** A decision can no longer be taken back here. */
  forget(decision: Decision): void {
    this.#decisions = this.#decisions.filter((each) => each !== decision);
  }

  /** Ids of photos are others from now on. */
  clear(): void {
    this.#decisions = [];
  }

  /** The server's count follows. */
  #count(more: number): void {
    const review = this.review.peek();
    if (review) this.review.value = { ...review, decided: review.decided + more };
  }
}

/** Return about how many photos a decision is the first one. */
export function firstDecided({ before, changes }: Decision): number {
  return before.filter(({ id, row }) => !row && changes.some(({ photo }) => photo === id)).length;
}
