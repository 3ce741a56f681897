/**
 * The cross that arrow keys move over the photo while a key is added; Enter sets an end there.
 *
 * In:    key presses; which part of the photo is in view
 * Out:   where the cross is, px of the photo; the draft
 * Needs: viewer/, desk.ts
 */

import { signal } from '@preact/signals';
import type { Point } from '../../core/geometry';
import { middleOf, movedCross } from '../../viewer/ends';
import { type Size, toFrame, toPhoto, type View } from '../../viewer/zoom';
import { W } from '../words';
import { edit } from './commands';
import type { Desk } from './desk';
import { tapped } from './draft';
import { say } from './said';

export const REACH = 14; // px of the frame around a key in which a tap selects it

/** What part of a photo is in view. */
export interface Sight {
  readonly photo: string;
  readonly view: View;
  readonly frame: Size;
}

export const sight = signal<Sight | null>(null);
const moved = signal<{ readonly photo: string; readonly at: Point } | null>(null);

/** Return where the cross is, px of the photo; null: no key is being added, or no arrow key was pressed for it. */
export function crossOf(desk: Desk): Point | null {
  const [photo] = desk.place.shown.value ?? [];
  if (!desk.draft.value?.isAdding || moved.value?.photo !== photo?.id) return null;
  return moved.value?.at ?? null;
}

/** Move the cross, or set an end at it; return whether the key press was for it. */
export function pressForCross(desk: Desk, event: KeyboardEvent): boolean {
  const [photo] = desk.place.shown.peek() ?? [];
  const seen = sight.peek();
  if (!photo || !desk.draft.peek()?.isAdding) {
    moved.value = null;
    return false;
  }
  if (seen?.photo !== photo.id) return false;
  const cross = crossOf(desk);
  if (event.key === 'Enter' && cross) {
    edit(desk, (draft) => tapped(draft, cross, REACH / seen.view.scale));
    say('', desk.draft.peek()?.start ? W.tapTip : W.keySelected);
    return true;
  }
  const at = movedCross(cross ? toFrame(seen.view, cross) : middleOf(seen.frame), event, seen.frame);
  if (!at) return false;
  const [x, y] = toPhoto(seen.view, at, photo);
  moved.value = { photo: photo.id, at: [x, y] };
  say('', W.cross(x / photo.width, y / photo.height));
  return true;
}
