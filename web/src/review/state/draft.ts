/**
 * The keys of a photo while a person marks them.
 *
 * In:    detections or earlier marks; taps, drags and commands
 * Out:   Draft(s): each step gives a new one
 * Needs: api.ts
 */

import type { Point } from '../../core/geometry';
import type { MarkedKey, Photo } from '../api';

/** Keys, and what is being done to them. */
export interface Draft {
  readonly keys: readonly MarkedKey[];
  readonly selected: number | null;
  readonly start: Point | null; // the head of a key whose tip is still missing
  readonly isAdding: boolean; // taps add a key, also on top of another
  readonly isEdited: boolean; // otherwise the keys are as they were found
}

/** Return the keys of a photo as they are known: marked by a person, else detected. */
export function draftOf({ ends, detections }: Photo): Draft {
  const found = detections?.map(({ head, tip }) => ({ head, tip, kind: null }));
  const keys = ends ?? found ?? [];
  return { keys, selected: null, start: null, isAdding: false, isEdited: false };
}

/** Return whether keys can be marked in a photo; not in one that cannot be read. */
export function canMark({ width, height }: Photo): boolean {
  return width > 0 && height > 0;
}

/** Return the draft after a tap: it selects a key, or sets a head or a tip. reach: px of the photo. */
export function tapped(draft: Draft, at: Point, reach: number): Draft {
  if (draft.start) return completed(draft, draft.start, at, reach);
  const hit = draft.isAdding ? null : keyAt(draft.keys, at, reach);
  if (hit !== null) return { ...draft, selected: hit };
  return { ...draft, selected: null, start: at };
}

/** Return the draft with an end of a key elsewhere. */
export function dragged(draft: Draft, index: number, end: 'head' | 'tip', at: Point): Draft {
  const keys = draft.keys.map((key, i) => (i === index ? { ...key, [end]: at } : key));
  return { ...draft, keys, selected: index, isEdited: true };
}

/** Return the draft without the selected key; if there is only one, it need not be selected. */
export function deleted(draft: Draft): Draft {
  if (draft.start) return { ...draft, start: null };
  const index = chosen(draft);
  if (index === null) return draft;
  return { ...draft, keys: draft.keys.filter((_, i) => i !== index), selected: null, isEdited: true };
}

/** Return the draft with a kind for the selected key; null: no key is selected. */
export function withKind(draft: Draft, kind: string): Draft | null {
  const index = chosen(draft);
  if (index === null) return null;
  const keys = draft.keys.map((key, i) =>
    i === index ? { ...key, kind: key.kind === kind ? null : kind } : key,
  );
  return { ...draft, keys, isEdited: true };
}

/** Return the draft with head and tip of the selected key swapped. */
export function swapped(draft: Draft): Draft {
  const index = chosen(draft);
  if (index === null) return draft;
  const keys = draft.keys.map((key, i) => (i === index ? { ...key, head: key.tip, tip: key.head } : key));
  return { ...draft, keys, isEdited: true };
}

/** Return the draft of a photo without keys. */
export function emptied({ keys }: Draft): Draft {
  const none = keys.length ? [] : keys;
  return { keys: none, selected: null, start: null, isAdding: false, isEdited: true };
}

/** Return the draft with the next key selected. */
export function nextSelected(draft: Draft): Draft {
  if (!draft.keys.length) return draft;
  return { ...draft, selected: ((draft.selected ?? -1) + 1) % draft.keys.length };
}

/** Return the draft in which taps add a key, also on top of another. */
export function adding(draft: Draft): Draft {
  return { ...draft, selected: null, start: null, isAdding: true };
}

/** Return the draft one step back: the started key, adding, the selection; null: there is nothing to leave. */
export function escaped(draft: Draft): Draft | null {
  if (draft.start) return { ...draft, start: null };
  if (draft.isAdding) return { ...draft, isAdding: false };
  return draft.selected === null ? null : { ...draft, selected: null };
}

function completed(draft: Draft, head: Point, tip: Point, least: number): Draft {
  if (Math.hypot(tip[0] - head[0], tip[1] - head[1]) < least) return draft; // two taps of one finger
  const keys = [...draft.keys, { head, tip, kind: null }];
  return { keys, selected: keys.length - 1, start: null, isAdding: false, isEdited: true };
}

/** Return the selected key, or the only one. */
function chosen({ keys, selected }: Draft): number | null {
  return selected ?? (keys.length === 1 ? 0 : null);
}

/** Return the key whose line from head to tip is nearest to a point, within reach. */
function keyAt(keys: readonly MarkedKey[], at: Point, reach: number): number | null {
  let [least, found]: [number, number | null] = [reach, null];
  keys.forEach((key, i) => {
    const distance = distanceToLine(at, key.head, key.tip);
    if (distance <= least) [least, found] = [distance, i];
  });
  return found;
}

function distanceToLine([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const squared = dx * dx + dy * dy;
  const along = squared ? Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / squared, 0), 1) : 0;
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}
