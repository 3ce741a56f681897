/**
 * The marks of photos that are not saved yet, and the steps that led to them.
 *
 * In:    drafts, as the user marks keys
 * Out:   the present ones, and those one step back
 * Needs: draft.ts, @preact/signals
 */

import { signal } from '@preact/signals';
import type { MarkedKey } from '../api';
import type { Draft } from './draft';

const MOST = 200; // photos whose marks are remembered

/** What was marked before, and which end has been moved since: a drag is one step. */
interface Past {
  readonly steps: readonly Draft[]; // the first one first
  readonly moving: string | null;
}

/** The drafts. */
export class Drafts {
  readonly now = signal<ReadonlyMap<string, Draft>>(new Map());
  readonly #past = new Map<string, Past>();

  /** Take a photo's draft; before: what it was made from. */
  step(photo: string, before: Draft, draft: Draft): void {
    const { steps, moving } = this.#past.get(photo) ?? { steps: [], moving: null };
    const isStep = before.keys !== draft.keys || before.isEdited !== draft.isEdited;
    const moved = isStep ? movedEnd(before.keys, draft.keys) : null;
    const isSameMove = moved !== null && moved === moving;
    this.#past.set(photo, { steps: isStep && !isSameMove ? [...steps, before] : steps, moving: moved });
    this.set(photo, draft);
  }

  /** Go back before the last step of a photo; return whether there was one. */
  undo(photo: string): boolean {
    const draft = this.now.peek().get(photo);
    if (draft?.start) {
      this.set(photo, { ...draft, start: null });
      return true;
    }
    const steps = this.#past.get(photo)?.steps ?? [];
    const before = steps.at(-1);
    if (!before) return false;
    this.#past.set(photo, { steps: steps.slice(0, -1), moving: null });
    this.set(photo, { ...before, start: null, isAdding: false });
    return true;
  }

  /** Remember the keys that are being marked; null: they are saved, or given up. */
  set(photo: string, draft: Draft | null): void {
    const drafts = new Map(this.now.peek());
    drafts.delete(photo);
    if (draft) drafts.set(photo, draft);
    for (const oldest of drafts.keys()) {
      if (drafts.size <= MOST) break;
      drafts.delete(oldest);
    }
    for (const known of this.#past.keys()) if (!drafts.has(known)) this.#past.delete(known);
    this.now.value = drafts;
  }
}

/** Return which end differs, if it is the only one. */
function movedEnd(before: readonly MarkedKey[], after: readonly MarkedKey[]): string | null {
  if (before.length !== after.length) return null;
  const moved = after.flatMap((key, i) =>
    (['head', 'tip'] as const).filter((end) => key[end] !== before[i]?.[end]).map((end) => `${i} ${end}`),
  );
  return moved.length === 1 ? (moved[0] ?? null) : null;
}
