/**
 * The one thing that the user can do to get a sure answer, from what the frame shows.
 *
 * In:    a frame's keys with verdicts and causes, its brightness
 * Out:   a Hint or none; which one to show, so that it can be read before it changes
 * Needs: causes.ts, geometry.ts, overlap.ts, verdict.ts
 *
 * A hint is about one key: the largest that is unsure, which the user most likely means. Hints are ordered by what
 * makes the other measurements unreliable. In the dark, everything is blurred. Of a key under another, or cut off,
 * neither the aspect ratio nor the blade is known. A small key's crop is enlarged, so it looks blurred, too. Blown-out
 * pixels have no detail, as if they were blurred. "Show the other side" comes last: it is for keys without any fault.
 * Where no key is found for a while, the hint is about the whole frame.
 */

import { type Cause, LIMITS, type Measurements } from './causes';
import type { Box, Point } from './geometry';
import { areaOf, overlapArea } from './overlap';
import type { Verdict } from './verdict';

/** What to do, most important first; `whole` is for keys that the frame's edge cuts off or something else covers. */
export const HINTS = ['dark', 'apart', 'whole', 'closer', 'turn', 'glare', 'still', 'otherSide'] as const;
export type Hint = (typeof HINTS)[number];

const CAUSE_HINTS: Readonly<Record<Cause, Hint>> = {
  hidden: 'whole',
  small: 'closer',
  dark: 'dark',
  glare: 'glare',
  blurred: 'still',
  edge: 'turn',
  slanted: 'turn',
};
const REASON_HINTS = {
  unknown_kind: null,
  blade_hidden: 'turn',
  too_small: 'closer',
  cut_off: 'whole',
  blurred: 'still',
} as const;

const OVERLAP = 0.08; // of the smaller of two boxes' areas, from which keys are in each other's way
const OUTSIDE = 0.03; // of a box's area outside the frame, from which a key is cut off
const SHOW_AFTER = 500; // ms for which a hint must hold before it is shown
const SHOW_LAST_AFTER = 1200; // ms, the same for the last resort: most keys become sure before
const EMPTY_AFTER = { dark: 500, still: 1500, closer: 3000 } as const; // ms, the same where no key is found
const MIN_SHOWN = 1500; // ms for which a hint is shown before another one replaces it
const CLEAR_AFTER = 300; // ms without a hint after which it is removed: it has been followed

/** A key of a frame. A KeyResult of the engine is one. */
export interface HintKey {
  readonly box: Box;
  readonly head: Point | null; // null: the whole frame was classified
  readonly verdict: Verdict;
  readonly causes: readonly Cause[];
  readonly measurements: Measurements;
}

/** A frame of the camera, or a photo. A FrameResult of the engine is one. */
export interface HintFrame {
  readonly width: number; // px
  readonly height: number;
  readonly brightness: number; // mean, 0 to 1
  readonly sharpness: number | null; // of the whole frame, as causes.ts measures it; null: there is a key
  readonly keys: readonly HintKey[];
}

/** Return the one hint for a frame; null if every key is sure. */
export function hintFor(frame: HintFrame): Hint | null {
  const keys = frame.keys.filter(({ verdict }) => verdict.isKey);
  if (keys.length === 0) return hintForEmpty(frame);
  const unsure = keys.filter(({ verdict }) => verdict.kind === null);
  const [first] = unsure.sort((key, other) => areaOf(other.box) - areaOf(key.box));
  if (!first) return null;
  const found = hintsOf(first, keys, frame);
  return HINTS.find((hint) => found.has(hint)) ?? null;
}

/** Return whether a frame shows no key: its hint is about the whole frame, and waits longer. */
export function showsNoKey({ keys }: Pick<HintFrame, 'keys'>): boolean {
  return !keys.some(({ verdict }) => verdict.isKey);
}

/** Return what may show a key where none is found; null: only light is known to help a model of whole images. */
function hintForEmpty({ keys, brightness, sharpness }: HintFrame): keyof typeof EMPTY_AFTER | null {
  if (brightness < LIMITS.dark) return 'dark';
  if (keys.some(({ head }) => head === null)) return null;
  return sharpness !== null && sharpness < LIMITS.blurred ? 'still' : 'closer';
}

/** What is shown, and what would be. */
export interface ShownHint {
  readonly hint: Hint | null; // to be shown
  readonly since: number; // ms, when it began to be shown
  readonly next: Hint | null; // of the latest frames
  readonly nextSince: number; // ms, since when
}

/** Nothing is shown yet. */
export const NO_HINT: ShownHint = { hint: null, since: 0, next: null, nextSince: 0 };

/**
 * Return what to show after a frame.
 *
 * milliseconds: when the frame was taken, by any clock. isOfEmpty: whether the frame shows no key.
 */
export function updateHint(
  shown: ShownHint,
  hint: Hint | null,
  milliseconds: number,
  isOfEmpty = false,
): ShownHint {
  const nextSince = hint === shown.next ? shown.nextSince : milliseconds;
  const waiting = { ...shown, next: hint, nextSince };
  if (hint === shown.hint) return waiting;
  const isLasting = milliseconds - nextSince >= delayOf(hint, isOfEmpty);
  const isRead = hint === null || shown.hint === null || milliseconds - shown.since >= MIN_SHOWN;
  return isLasting && isRead ? { hint, since: milliseconds, next: hint, nextSince } : waiting;
}

function delayOf(hint: Hint | null, isOfEmpty: boolean): number {
  if (hint === null) return CLEAR_AFTER;
  if (isOfEmpty && hint in EMPTY_AFTER) return EMPTY_AFTER[hint as keyof typeof EMPTY_AFTER];
  return hint === 'otherSide' ? SHOW_LAST_AFTER : SHOW_AFTER;
}

/** Return every hint that applies to an unsure key. */
function hintsOf(key: HintKey, keys: readonly HintKey[], frame: HintFrame): Set<Hint> {
  const { verdict, causes, measurements } = key;
  const found = new Set<Hint>(causes.map((cause) => CAUSE_HINTS[cause]));
  const ofReason = verdict.reason && REASON_HINTS[verdict.reason];
  if (ofReason) found.add(ofReason);
  if (Math.min(frame.brightness, measurements.dark) < LIMITS.dark) found.add('dark');
  if (key.head !== null) {
    const isCovered = keys.some((other) => other !== key && areInTheWay(key.box, other.box));
    if (isCovered) found.add('apart');
    if (isCutOff(key.box, frame)) found.add('whole');
  }
  return found.size ? found : new Set(['otherSide']);
}

function areInTheWay(box: Box, other: Box): boolean {
  return overlapArea(box, other) >= OVERLAP * Math.min(areaOf(box), areaOf(other));
}

function isCutOff(box: Box, { width, height }: HintFrame): boolean {
  const frame: Box = [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ];
  return areaOf(box) - overlapArea(box, frame) > OUTSIDE * areaOf(box);
}
