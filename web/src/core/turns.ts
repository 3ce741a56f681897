/**
 * Which doubtful candidates of a camera frame the refiner looks at: those near known keys, and others in turn.
 *
 * In:    the candidates of a frame; the keys of the frame before; the frame's number
 * Out:   the candidates to refine
 * Needs: constants.json, detection.ts
 *
 * The refiner takes most of a frame's time if it looks at all of them, as in a photo. In turn, each is looked at within
 * about a second, and from then on in each frame for as long as it is a key.
 */

import constants from './constants.json';
import { type Detection, type Keypoints, keypointDistance } from './detection';

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
  const missing = known.filter((key) => nearest(key, certain) === undefined);
  const expected = new Set(missing.flatMap((key) => nearest(key, doubtful) ?? []));
  const others = doubtful.filter((candidate) => !expected.has(candidate)).slice(0, MAX_DOUBTFUL);
  const perFrame = certain.length + known.length > 0 ? PER_FRAME : PER_EMPTY_FRAME;
  const turn = Array.from(
    { length: Math.min(perFrame, others.length) },
    (_, i) => others[(frame * perFrame + i) % others.length] as Detection,
  );
  return [...expected, ...turn];
}

/** Return the candidate that may be a known key: the nearest one within the limit. */
function nearest(key: Keypoints, candidates: readonly Detection[]): Detection | undefined {
  let limit: number = LOOSE_DUPLICATE_DISTANCE;
  let found: Detection | undefined;
  for (const candidate of candidates) {
    const distance = keypointDistance(candidate, key);
    if (distance > limit) continue;
    [limit, found] = [distance, candidate];
  }
  return found;
}
