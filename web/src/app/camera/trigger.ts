/**
 * When the picture is frozen by itself: on a sure answer, and not again for keys of which there is a photo already.
 *
 * In:    the keys of each frame, as steady.ts follows them
 * Out:   the next state; whether to take the photo now
 * Needs: steady.ts
 */

import { isSettled, type Steady, shownKeys } from '../../core';

const EMPTY_FRAMES = 6; // in a row without a key after which the next one is another key
const EMPTY_TIME = 900; // ms without one

/** What has been photographed, while it is still in view. */
export interface Trigger {
  readonly done: readonly string[]; // kinds of the keys in the last photo; empty: none of them is in view any more
  readonly emptyFrames: number; // in a row
  readonly emptySince: number; // ms
}

/** Nothing has been photographed. */
export const ARMED: Trigger = { done: [], emptyFrames: 0, emptySince: 0 };

/** Return the state after a photo. */
export function afterPhoto(steady: Steady): Trigger {
  return { ...ARMED, done: kindsIn(steady) };
}

/** Return the state after a frame. */
export function updateTrigger(trigger: Trigger, { keys, time }: Steady): Trigger {
  if (keys.some(({ key }) => key.verdict.isKey)) return { ...trigger, emptyFrames: 0 };
  const now = time ?? 0;
  const emptySince = trigger.emptyFrames === 0 ? now : trigger.emptySince;
  const emptyFrames = trigger.emptyFrames + 1;
  const isGone = emptyFrames >= EMPTY_FRAMES && now - emptySince >= EMPTY_TIME;
  return { done: isGone ? [] : trigger.done, emptyFrames, emptySince };
}

/** Return whether to take a photo: every answer is sure and steady, and not all are of the keys in the last photo. */
export function isTriggered({ done }: Trigger, steady: Steady): boolean {
  if (!isSettled(steady)) return false;
  const rest = [...done];
  return kindsIn(steady).some((kind) => {
    const index = rest.indexOf(kind);
    if (index < 0) return true;
    rest.splice(index, 1);
    return false;
  });
}

function kindsIn(steady: Steady): string[] {
  return shownKeys(steady).flatMap(({ verdict }) => verdict.kind ?? []);
}
