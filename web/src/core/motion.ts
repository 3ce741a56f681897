/**
 * By how much the camera's motion has moved the picture between two frames, estimated from the keys in them.
 *
 * In:    the keys of both frames
 * Out:   the shift in px, and how many keys it explains
 * Needs: detection.ts, geometry.ts
 *
 * Every pair of similar keys votes for its own shift; the one that most keys agree on wins. With up to ten keys that is
 * a hundred pairs, a small share of a millisecond.
 */

import { type Keypoints, lengthOf } from './detection';
import type { Point } from './geometry';

const AGREEMENT = 0.15; // of a key's length, by which a key may be beside its shifted place
const MAX_SHIFT = 1.5; // key lengths between two frames
const NOISE = 0.02; // key lengths: shifts up to it are noise of the keypoints
const CERTAIN = 0.06; // key lengths from which a shift counts fully

/** A shift and how many keys it explains; without any, the shift is [0, 0]. */
export interface Shift {
  readonly shift: Point;
  readonly keys: number;
}

/** Return the shift of the picture from the keys before to the keys now; the smallest of those that explain as many. */
export function shiftBetween(before: readonly Keypoints[], now: readonly Keypoints[]): Shift {
  let best: Shift = { shift: [0, 0], keys: 0 };
  for (const old of before) {
    for (const key of now) {
      const shift = shiftOf(old, key);
      if (!shift) continue;
      const agreed = agreeing(before, now, shift);
      const isSmaller = Math.hypot(...shift) < Math.hypot(...best.shift);
      if (agreed.length > best.keys || (agreed.length === best.keys && isSmaller))
        best = { shift: meanOf(agreed), keys: agreed.length };
    }
  }
  return best;
}

/**
 * Return the part of a shift by which outlines may be moved without making them tremble.
 *
 * length: of a typical key, px. A shift that only one key shows is that key's own motion.
 */
export function certainShift({ shift, keys }: Shift, length: number): Point {
  if (keys < 2) return [0, 0];
  const size = Math.hypot(...shift) / Math.max(length, 1);
  const share = Math.min(Math.max((size - NOISE) / (CERTAIN - NOISE), 0), 1);
  return [shift[0] * share, shift[1] * share];
}

/** Return the shift from a key to one that may be the same; null if it cannot be. */
function shiftOf(old: Keypoints, key: Keypoints): Point | null {
  const [dx, dy] = [
    (key.head[0] + key.tip[0] - old.head[0] - old.tip[0]) / 2,
    (key.head[1] + key.tip[1] - old.head[1] - old.tip[1]) / 2,
  ];
  const length = lengthOf(old);
  if (Math.hypot(dx, dy) > MAX_SHIFT * length) return null;
  return endsApart(old, key, [dx, dy]) <= AGREEMENT * length ? [dx, dy] : null;
}

/** Return the shifts of the keys that a shift explains. */
function agreeing(before: readonly Keypoints[], now: readonly Keypoints[], shift: Point): Point[] {
  return before.flatMap((old) => {
    let [least, nearest]: [number, Point | null] = [AGREEMENT * lengthOf(old), null];
    for (const key of now) {
      const own = shiftOf(old, key);
      const apart = own ? Math.hypot(own[0] - shift[0], own[1] - shift[1]) : Infinity;
      if (own && apart <= least) [least, nearest] = [apart, own];
    }
    return nearest ? [nearest] : [];
  });
}

/** Return how far a shifted key's ends are from those of another key, either way round, px. */
function endsApart(old: Keypoints, key: Keypoints, [dx, dy]: Point): number {
  const apart = ([x, y]: Point, [otherX, otherY]: Point): number =>
    Math.hypot(x + dx - otherX, y + dy - otherY);
  return Math.min(
    Math.max(apart(old.head, key.head), apart(old.tip, key.tip)),
    Math.max(apart(old.head, key.tip), apart(old.tip, key.head)),
  );
}

function meanOf(points: readonly Point[]): Point {
  const sum = points.reduce<Point>(([x, y], point) => [x + point[0], y + point[1]], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
