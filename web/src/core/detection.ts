/**
 * A key detected in a photo.
 *
 * In:    Detection
 * Out:   its length and box; the distance of two keys
 * Needs: geometry.ts
 *
 * Same results as detect/detection.py.
 */

import { type Box, type Point, segmentBox } from './geometry';

const MIN_LENGTH = 1e-6; // px: of a key of a single point, by which distances are divided

/** Head and tip of a key, also where they are hidden or outside the frame. */
export interface Keypoints {
  readonly head: Point;
  readonly tip: Point;
}

/** A key, in pixels of the upright original; as decoded from the outputs, in pixels of the network's input. */
export interface Detection extends Keypoints {
  readonly score: number; // 0..1
  readonly width: number; // across the line from head to tip
  readonly occlusion: number; // share of its area in the frame that is hidden by other objects
  readonly truncation: number; // share of its area outside the frame
  readonly bladeShare: number; // share of its visible area that is blade
  readonly remote: boolean; // whether it is a car's remote or a folded flip key, which shows no blade
}

/** Return the distance from head to tip, px. */
export function lengthOf({ head, tip }: Keypoints): number {
  return Math.hypot(tip[0] - head[0], tip[1] - head[1]);
}

/** Return the oriented box from head to tip; corners 0 and 3 are at the head. */
export function boxOf({ head, tip, width }: Detection): Box {
  return segmentBox(head, tip, width);
}

/** Return the mean distance of two keys' endpoints, in either direction, in lengths of the longer key. */
export function keypointDistance(key: Keypoints, other: Keypoints): number {
  const straight = distance(key.head, other.head) + distance(key.tip, other.tip);
  const crossed = distance(key.head, other.tip) + distance(key.tip, other.head);
  return Math.min(straight, crossed) / 2 / Math.max(lengthOf(key), lengthOf(other), MIN_LENGTH);
}

/** Return the distance of two keys' middles, in lengths of the second. */
export function middleDistance(key: Keypoints, other: Keypoints): number {
  return distance(middleOf(key), middleOf(other)) / Math.max(lengthOf(other), MIN_LENGTH);
}

function middleOf({ head, tip }: Keypoints): Point {
  return [(head[0] + tip[0]) / 2, (head[1] + tip[1]) / 2];
}

function distance([x, y]: Point, [otherX, otherY]: Point): number {
  return Math.hypot(x - otherX, y - otherY);
}

/** Return the one of some keypoints that may be the same key: the nearest one within the limit, in key lengths. */
export function nearest<T extends Keypoints>(
  key: Keypoints,
  others: Iterable<T>,
  limit: number,
): T | undefined {
  let [least, found]: [number, T | undefined] = [limit, undefined];
  for (const other of others) {
    const distance = keypointDistance(other, key);
    if (distance <= least) [least, found] = [distance, other];
  }
  return found;
}
