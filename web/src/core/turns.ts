/**
 * Which doubtful candidates of a camera frame are refined: those near known keys, and others in turn.
 *
 * In:    the candidates of a frame; the keys of the frame before; the frame's number
 * Out:   the candidates to refine
 * Needs: constants.json, detection.ts
 *
 * Refining all of them, as in a photo, would take most of a frame's time. In turn, it takes about a second until each
 * has been refined, and from then on, for as long as it is a key, it is in every frame.
 */

import constants from './constants.json';
import { type Detection, type Keypoints, nearest } from './detection';

const { MAX_DOUBTFUL } = constants.detector;
const { LOOSE_DUPLICATE_DISTANCE } = constants.duplicates;
const PER_FRAME = 1; // candidate that is not near a known key
const PER_EMPTY_FRAME = 6; // the same if there is neither a certain candidate nor a known key: nothing is classified then

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
  const perFrame = certain.length + known.length > 0 ? PER_FRAME : PER_EMPTY_FRAME;
  const turn = Array.from(
    { length: Math.min(perFrame, others.length) },
    (_, i) => others[(frame * perFrame + i) % others.length] as Detection,
  );
  return [...expected, ...turn];
}
