/**
 * Keys of camera frames -> keys that are steady on the screen: each with an id, a smooth outline and a lasting answer.
 *
 * In:    the state so far; a frame's keys, whose answers are averaged already (tracking.ts); the frame's time
 * Out:   Steady: the next state; the keys to draw; whether a sure answer is steady enough to freeze the picture
 * Needs: detection.ts, motion.ts, numbers.ts, smoothing.ts, verdict.ts
 *
 * States are values: nothing is changed in place. The rules are about frames, which arrive every 70 to 150 ms.
 */

import { keypointDistance, lengthOf } from './detection';
import type { Box, Point } from './geometry';
import { certainShift, shiftBetween } from './motion';
import { median } from './numbers';
import {
  alignedWith,
  moveSmoothed,
  type Outline,
  outlineOf,
  type Smoothed,
  smoothOutline,
  speedOf,
  startSmoothing,
} from './smoothing';
import type { Verdict } from './verdict';

const MAX_DISTANCE = 0.5; // between frames, in key lengths, after the camera's motion
const APPEAR_FRAMES = 3; // in a row that show a key before it is drawn
const SURE_AT_ONCE = 0.9; // probability of a kind from which a key is drawn at once
const MAX_MISSED = 2; // frames without a key before it vanishes
const MAX_HIDDEN = 600; // ms without a key before it vanishes, if frames are slow
const TO_KIND_FRAMES = 2; // in a row with a kind before it replaces "not sure"
const TO_OTHER_FRAMES = 4; // in a row with another answer before it replaces a kind
const FLIP_FRAMES = 3; // in a row with head and tip exchanged before the outline follows
const PERCENT_STEP = 5; // percentage points by which a probability must differ to be shown anew
const RESTART = 1500; // ms without a frame after which everything starts anew
const MIN_INTERVAL = 10; // ms, against frames with the same time

const SETTLED_FRAMES = 5; // with the same sure answer
const SETTLED_TIME = 600; // ms with it
const SETTLED_PROBABILITY = 0.8;
const SETTLED_SPEED = 0.3; // key lengths per second: a faster key would be blurred in the photo

/** A key in a frame, px. A KeyResult of the engine is one. */
export interface LiveKey {
  readonly box: Box;
  readonly head: Point | null; // null: the whole frame was classified
  readonly tip: Point | null;
  readonly verdict: Verdict;
}

/** A key over frames, px of the current one. */
export interface SteadyKey<K extends LiveKey = LiveKey> extends LiveKey {
  readonly id: number; // from 1; never used again
  readonly key: K; // in the last frame that shows it, as it was found there
  readonly index: number | null; // of it among the frame's keys; null: this frame does not show it
  readonly verdict: Verdict; // to be shown: it changes only when another answer lasts
  readonly percent: number; // to be shown: its probability, which follows only larger changes
  readonly isShown: boolean;
  readonly seen: number; // frames in a row in which it is a key
  readonly missed: number; // frames since the last one that shows it
  readonly lastSeen: number; // time of that frame, ms
  readonly frames: number; // for which the shown answer has been confirmed
  readonly since: number; // time from which it has been shown, ms
  readonly leading: number; // frames in a row with the same other answer
  readonly flips: number; // frames in a row with head and tip exchanged
  readonly smoothed: Smoothed | null; // null: the whole frame
}

/** All keys that are followed, also those that are not drawn yet. */
export interface Steady<K extends LiveKey = LiveKey> {
  readonly keys: readonly SteadyKey<K>[];
  readonly nextId: number;
  readonly time: number | null; // of the last frame, ms
}

/** Nothing has been seen yet. */
export const NOTHING_SEEN: Steady<never> = { keys: [], nextId: 1, time: null };

/** What has changed from one frame to the next. */
interface Step {
  readonly time: number; // ms
  readonly seconds: number; // since the frame before
  readonly shift: Point; // for keys that both frames show
  readonly fullShift: Point; // for the others
}

/** Return the state after a frame. milliseconds: when the frame was taken, by any clock. */
export function updateSteady<K extends LiveKey>(
  state: Steady<K>,
  keys: readonly K[],
  milliseconds: number,
): Steady<K> {
  const isRestart = state.time === null || Math.abs(milliseconds - state.time) > RESTART;
  const before = isRestart ? [] : state.keys;
  const step = stepBetween(before, keys, milliseconds, state.time ?? milliseconds);
  const matched = match(before, keys, step.fullShift);
  const followed = before.flatMap((steady) => {
    const index = matched.get(steady);
    const key = index === undefined ? undefined : keys[index];
    if (key) return [seenAgain(steady, key, index as number, step)];
    return missedOnce(steady, step) ?? [];
  });
  const known = new Set(matched.values());
  let nextId = state.nextId;
  const added = keys.flatMap((key, index) =>
    known.has(index) ? [] : [firstSeen(key, index, nextId++, step)],
  );
  return { keys: [...followed, ...added], nextId, time: milliseconds };
}

/** Return the keys to draw, in the order in which they were found. */
export function shownKeys<K extends LiveKey>({ keys }: Steady<K>): SteadyKey<K>[] {
  return keys.filter(({ isShown }) => isShown);
}

/**
 * Return whether the picture can be frozen: every key in it has a sure answer, which has lasted, and holds still.
 *
 * While one key is unsure, or has just come into view, the user may still improve the picture.
 */
export function isSettled({ keys, time }: Steady): boolean {
  const present = keys.filter(({ isShown, missed, key }) => isShown || (missed === 0 && key.verdict.isKey));
  return present.length > 0 && present.every((key) => isKeySettled(key, time ?? 0));
}

function isKeySettled(steady: SteadyKey, time: number): boolean {
  const { isShown, verdict, key, missed, frames, since, smoothed } = steady;
  const isSure = verdict.kind !== null && key.verdict.kind === verdict.kind;
  const hasLasted = frames >= SETTLED_FRAMES && time - since >= SETTLED_TIME && missed === 0;
  const isStill = smoothed === null || speedOf(smoothed) <= SETTLED_SPEED;
  return isShown && isSure && verdict.probability >= SETTLED_PROBABILITY && hasLasted && isStill;
}

function stepBetween(
  before: readonly SteadyKey[],
  keys: readonly LiveKey[],
  time: number,
  timeBefore: number,
): Step {
  const [old, now] = [before.flatMap(outlineIn), keys.flatMap(outlineIn)];
  const found = shiftBetween(old, now);
  const length = old.length ? median(old.map(lengthOf)) : 1;
  const seconds = Math.max(time - timeBefore, MIN_INTERVAL) / 1000;
  return { time, seconds, shift: certainShift(found, length), fullShift: found.shift };
}

/** Return which frame key each followed key is: the closest pairs first, each key once. */
function match<K extends LiveKey>(
  before: readonly SteadyKey<K>[],
  keys: readonly K[],
  shift: Point,
): Map<SteadyKey<K>, number> {
  const pairs = before.flatMap((steady) => {
    const moved = steady.smoothed ? outlineOf(moveSmoothed(steady.smoothed, shift)) : null;
    return keys.map((key, index) => ({ steady, index, distance: distanceOf(moved, outlineIn(key)[0]) }));
  });
  const matched = new Map<SteadyKey<K>, number>();
  const used = new Set<number>();
  for (const { steady, index, distance } of pairs.sort((pair, other) => pair.distance - other.distance)) {
    if (distance > MAX_DISTANCE || matched.has(steady) || used.has(index)) continue;
    matched.set(steady, index);
    used.add(index);
  }
  return matched;
}

/** Return the distance of two outlines in key lengths; whole frames are at the same place. */
function distanceOf(outline: Outline | null, other: Outline | undefined): number {
  if (!outline || !other) return !outline && !other ? 0 : Infinity;
  return keypointDistance(outline, other);
}

/** Return the outline of a key; none for a whole frame. */
function outlineIn({ box, head, tip }: LiveKey): Outline[] {
  return head && tip ? [{ box, head, tip }] : [];
}

function firstSeen<K extends LiveKey>(key: K, index: number, id: number, { time }: Step): SteadyKey<K> {
  const { box, head, tip, verdict } = key;
  const [outline] = outlineIn(key);
  const counts = { seen: verdict.isKey ? 1 : 0, missed: 0, frames: 1, leading: 0, flips: 0 };
  const times = { lastSeen: time, since: time };
  const smoothed = outline ? startSmoothing(outline) : null;
  const percent = percentOf(verdict);
  return {
    id,
    key,
    index,
    box,
    head,
    tip,
    verdict,
    percent,
    isShown: isSureAtOnce(verdict),
    ...counts,
    ...times,
    smoothed,
  };
}

function seenAgain<K extends LiveKey>(steady: SteadyKey<K>, key: K, index: number, step: Step): SteadyKey<K> {
  const seen = key.verdict.isKey ? steady.seen + 1 : 0;
  const answer = nextAnswer(steady, key.verdict, step.time);
  const isKeyEnough = steady.isShown || seen >= APPEAR_FRAMES || isSureAtOnce(key.verdict);
  const isShown = answer.verdict.isKey && isKeyEnough;
  const place = nextPlace(steady, key, step);
  return { ...steady, key, index, seen, missed: 0, lastSeen: step.time, isShown, ...answer, ...place };
}

/** Return a key that a frame does not show, moved with the picture; null if it has been missing for too long. */
function missedOnce<K extends LiveKey>(steady: SteadyKey<K>, step: Step): SteadyKey<K> | null {
  const missed = steady.missed + 1;
  const isGone = missed > MAX_MISSED || step.time - steady.lastSeen > MAX_HIDDEN;
  if (isGone || !steady.isShown) return null;
  const smoothed = steady.smoothed && moveSmoothed(steady.smoothed, step.fullShift);
  return { ...steady, ...(smoothed && outlineOf(smoothed)), smoothed, index: null, missed, seen: 0 };
}

type Answer = Pick<SteadyKey, 'verdict' | 'percent' | 'frames' | 'since' | 'leading'>;

/** Return the answer to show after a frame: the one that is shown, until another has led for some frames. */
function nextAnswer(steady: SteadyKey, current: Verdict, time: number): Answer {
  const { verdict, percent, frames, since, key } = steady;
  if (isSameAnswer(verdict, current)) {
    const isFar = Math.abs(100 * current.probability - percent) >= PERCENT_STEP;
    const shown = isFar ? percentOf(current) : percent;
    return { verdict: current, percent: shown, frames: frames + 1, since, leading: 0 };
  }
  const leading = isSameAnswer(key.verdict, current) ? steady.leading + 1 : 1;
  const needed = verdict.kind === null && current.kind !== null ? TO_KIND_FRAMES : TO_OTHER_FRAMES;
  if (steady.isShown && leading < needed) return { verdict, percent, frames, since, leading };
  return { verdict: current, percent: percentOf(current), frames: 1, since: time, leading: 0 };
}

type Place = Pick<SteadyKey, 'box' | 'head' | 'tip' | 'smoothed' | 'flips'>;

function nextPlace(steady: SteadyKey, key: LiveKey, { seconds, shift }: Step): Place {
  const { box, head, tip } = key;
  const [outline] = outlineIn(key);
  if (!outline || !steady.smoothed) return { box, head, tip, smoothed: null, flips: 0 };
  const before = outlineOf(steady.smoothed);
  const aligned = alignedWith(outline, before);
  const flips = aligned === outline ? 0 : steady.flips + 1;
  if (flips >= FLIP_FRAMES) return { ...outline, smoothed: startSmoothing(outline), flips: 0 };
  const smoothed = smoothOutline(steady.smoothed, aligned, seconds, shift);
  return { ...outlineOf(smoothed), smoothed, flips };
}

function isSameAnswer(verdict: Verdict, other: Verdict): boolean {
  return verdict.isKey === other.isKey && verdict.kind === other.kind;
}

function isSureAtOnce({ isKey, kind, probability }: Verdict): boolean {
  return isKey && kind !== null && probability >= SURE_AT_ONCE;
}

function percentOf({ probability }: Verdict): number {
  return Math.round(100 * probability);
}
