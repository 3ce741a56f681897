/**
 * What is done in each camera frame, and what in turn: which doubtful candidates are refined, which keys are classified.
 *
 * In:    the candidates of a frame; the keys of the frame before; the frame's number
 * Out:   the candidates to refine; the outputs of a key that is not classified again
 * Needs: classify.ts, constants.json, detection.ts, tracking.ts
 *
 * All of it in each frame, as in a photo, would take twice the time. In one of three frames all keys are classified; in the
 * two others only those whose answers are new, and one doubtful candidate is refined: it takes about a second until each
 * has been, and from then on, for as long as it is a key, it is in every frame.
 */

import { VIEWS, type View } from './classify';
import constants from './constants.json';
import { type Detection, type Keypoints, nearest } from './detection';
import type { Track } from './tracking';
import type { ClassifierOutputs } from './verdict';

const { MAX_DOUBTFUL } = constants.detector;
const { LOOSE_DUPLICATE_DISTANCE } = constants.duplicates;
const PER_EMPTY_FRAME = 6; // candidates, if there is neither a certain one nor a known key: nothing is classified then
const ROUND = 3; // frames, of which the first classifies all keys
const SETTLED = 3; // frames for which an answer has been the same: then the next ones hardly change the average

/**
 * Return the doubtful candidates to refine in a frame.
 *
 * certain: the candidates that are refined anyway; known: the keys of the frame before; frame: its number, from 0.
 */
export function inTurn(
  doubtful: readonly Detection[],
  certain: readonly Detection[],
  known: readonly Keypoints[],
  frame: number,
): Detection[] {
  const missing = known.filter((key) => nearest(key, certain, LOOSE_DUPLICATE_DISTANCE) === undefined);
  const expected = new Set(missing.flatMap((key) => nearest(key, doubtful, LOOSE_DUPLICATE_DISTANCE) ?? []));
  const others = doubtful.filter((candidate) => !expected.has(candidate)).slice(0, MAX_DOUBTFUL);
  const isEmpty = certain.length + known.length === 0;
  const perFrame = isEmpty ? PER_EMPTY_FRAME : Number(!classifiesAll(frame));
  const first = isEmpty ? frame * PER_EMPTY_FRAME : Math.floor((frame * (ROUND - 1)) / ROUND);
  const turn = Array.from(
    { length: Math.min(perFrame, others.length) },
    (_, i) => others[(first + i) % others.length] as Detection,
  );
  return [...expected, ...turn];
}

/** Return the averaged outputs of a detected key that is not classified in this frame; null: it is. */
export function settledOutputs(
  key: Keypoints,
  tracks: readonly Track[],
  frame: number,
): ClassifierOutputs | null {
  const track = nearest(key, tracks, LOOSE_DUPLICATE_DISTANCE);
  return track && track.frames >= SETTLED && !classifiesAll(frame) ? track.outputs : null;
}

/** Return the view of crops that is classified in a frame: the average over frames has both. */
export function viewInTurn(frame: number): View {
  return VIEWS[Math.floor(frame / ROUND) % VIEWS.length] as View;
}

function classifiesAll(frame: number): boolean {
  return frame % ROUND === 0;
}
