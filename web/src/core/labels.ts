/**
 * Where the labels of keys are in a photo: beside their key, never over another key, and not over each other.
 *
 * In:    the photo's size; per key its box, and the sizes of its answer and of its number as they are drawn
 * Out:   a Label per key
 * Needs: geometry.ts, overlap.ts, places.ts
 *
 * Beside the key there are a few places; if none is free for the answer, the number is tried, then any place in the
 * photo, with a line to the key. Keys with the fewest places choose first. The same input gives the same labels.
 */

import type { Box, Point } from './geometry';
import { areaOf, boundsOf, cornersOf, doOverlap, overlapArea, type Rectangle } from './overlap';
import { type Barrier, barrierOf, exitOf, isFree, isInside, nearestFree, type Size } from './places';

const GAP = 5; // px of the screen between a label and keys or other labels
const DIRECTIONS = 24; // around a key in which its label may be
const BELOW = 0.5; // label heights by which a label below its key counts as farther away than one above it
const KEPT = 2; // label heights by which another direction must be nearer than the one in the frame before
const GIANT = 0.4; // of the photo's area: from it, a key's label is inside its box
const CUT_OFF = 0.1; // the same of a key that reaches beyond the photo
const VISIBLE = 0.9; // of a key's area: one of which less is in the photo reaches beyond it
const INSET_STEPS = 40; // from a corner of a box to its middle, where a label is tried
const AROUND = 0.5; // of a key's area: another key that covers more cannot be spared by its label

/** A key to be labelled; sizes are those of the drawn texts, px of the screen. */
export interface LabelledKey {
  readonly box: Box;
  readonly full: Size; // of the number and the answer
  readonly short: Size; // of the number alone
}

/** A label, px of the photo. */
export interface Label extends Rectangle {
  readonly form: 'full' | 'short';
  readonly leader: readonly [Point, Point] | null; // from the label to its key
  readonly direction: number | null; // from the key, radians; null: not beside it
  readonly isCovering: boolean; // whether it lies on another key or label, because there is no free place
}

/** What the labels are placed in. */
interface Layout {
  readonly photo: Size;
  readonly gap: number; // px of the photo
  readonly keys: readonly LabelledKey[]; // sizes in px of the photo
}

/** One way to label a key. */
interface Attempt {
  readonly index: number;
  readonly form: Label['form'];
  readonly obstacles: readonly Box[];
  readonly previous: Label | null;
}

/** A place for the middle of a label. */
interface Place {
  readonly middle: Point;
  readonly direction: number | null;
}

/**
 * Return a label for each key.
 *
 * scale: px of the screen per px of the photo. previous: the labels in the frame before, which keep their direction
 * while it is nearly as good as another; null for new keys.
 */
export function placeLabels(
  photo: Size,
  keys: readonly LabelledKey[],
  scale: number,
  previous: readonly (Label | null)[] = [],
): Label[] {
  const inPhoto = keys.map(({ box, full, short }) => ({
    box,
    full: scaled(full, scale),
    short: scaled(short, scale),
  }));
  const layout: Layout = { photo, gap: GAP / scale, keys: inPhoto };
  const labels = new Map<number, Label>();
  for (const index of hardestFirst(layout)) {
    labels.set(index, labelOf(layout, index, [...labels.values()], previous[index] ?? null));
  }
  return keys.map((_, index) => labels.get(index) as Label);
}

/** Return the indices of the keys, those with the fewest places for their answer first. */
function hardestFirst(layout: Layout): number[] {
  const counts = layout.keys.map((_, index) => {
    const attempt: Attempt = { index, form: 'full', obstacles: otherBoxes(layout, index), previous: null };
    return besideKey(layout, attempt).length;
  });
  return counts
    .map((_, index) => index)
    .sort((one, other) => (counts[one] as number) - (counts[other] as number));
}

function labelOf(layout: Layout, index: number, labels: readonly Label[], previous: Label | null): Label {
  const { box } = layout.keys[index] as LabelledKey;
  const placed = labels.map(cornersOf);
  const boxes = otherBoxes(layout, index);
  const isAround = (other: Box): boolean => overlapArea(box, other) > AROUND * areaOf(box);
  const sparing = boxes.filter((other) => !isAround(other));
  const free = freeLabel(layout, { index, obstacles: [...boxes, ...placed], previous });
  if (free) return free;
  const isAmong = sparing.length < boxes.length;
  const label = isAmong && freeLabel(layout, { index, obstacles: [...sparing, ...placed], previous });
  return { ...(label || numberAt(layout, { index, obstacles: placed, previous })), isCovering: true };
}

/** Return a number where there is no free place: inside its key, else near its middle. */
function numberAt(layout: Layout, part: Omit<Attempt, 'form'>): Label {
  const attempt = { ...part, form: 'short' } as const;
  const { box } = layout.keys[part.index] as LabelledKey;
  const middle: Place = {
    middle: keptInside(
      middleInPhoto(box, layout.photo),
      layout.keys[part.index] as LabelledKey,
      layout.photo,
    ),
    direction: null,
  };
  return labelAt(layout, attempt, insideKey(layout, attempt) ?? anywhere(layout, attempt) ?? middle);
}

/** Return the best label that covers no obstacle; null if there is no place, not even for the number. */
function freeLabel(layout: Layout, part: Omit<Attempt, 'form'>): Label | null {
  const [full, short] = [{ ...part, form: 'full' } as const, { ...part, form: 'short' } as const];
  const { box } = layout.keys[part.index] as LabelledKey;
  const ways: (() => [Attempt, Place | undefined])[] = [
    () => [full, isGiant(box, layout.photo) ? insideKey(layout, full) : undefined],
    () => [full, besideKey(layout, full)[0]],
    () => [short, besideKey(layout, short)[0]],
    () => [short, insideKey(layout, short)],
    () => [short, anywhere(layout, short)],
  ];
  for (const way of ways) {
    const [attempt, place] = way();
    if (place) return labelAt(layout, attempt, place);
  }
  return null;
}

/** Return whether a key takes so much of the photo that its label is on its visible part. */
function isGiant(box: Box, photo: Size): boolean {
  const frame = frameOf(photo);
  const visible = overlapArea(box, frame);
  const least = visible < VISIBLE * areaOf(box) ? CUT_OFF : GIANT;
  return visible >= least * areaOf(frame);
}

/** Return the free places beside a key, best first. */
function besideKey(layout: Layout, attempt: Attempt): Place[] {
  const { box, [attempt.form]: size } = layout.keys[attempt.index] as LabelledKey;
  const own = barrierOf(box, size, layout.gap);
  const middle = middleOf(box);
  const isNear = (obstacle: Box): boolean => doOverlap(reachOf(box, size, layout.gap), obstacle);
  const barriers = barriersOf(attempt.obstacles.filter(isNear), size, layout.gap);
  const places = Array.from({ length: DIRECTIONS }, (_, i) => (2 * Math.PI * i) / DIRECTIONS).map(
    (direction) => {
      const towards: Point = [Math.cos(direction), Math.sin(direction)];
      const place = exitOf(own, middle, towards);
      const isKept = attempt.previous?.form === attempt.form && attempt.previous.direction === direction;
      const penalty = (BELOW * (1 + towards[1])) / 2 - (isKept ? KEPT : 0);
      const cost = Math.hypot(place[0] - middle[0], place[1] - middle[1]) + penalty * size.height;
      return { middle: place, direction, cost };
    },
  );
  return places
    .filter((place) => isInside(place.middle, size, layout.photo) && isFree(place.middle, barriers))
    .sort((one, other) => one.cost - other.cost);
}

/** Return a free place inside the key's box, as near as possible to its upper left corner, else to another one. */
function insideKey(layout: Layout, attempt: Attempt): Place | undefined {
  const { box, [attempt.form]: size } = layout.keys[attempt.index] as LabelledKey;
  const barriers = barriersOf(attempt.obstacles, size, 0);
  const { photo, gap } = layout;
  const middle = middleInPhoto(box, photo);
  const padded = { width: size.width + 2 * gap, height: size.height + 2 * gap };
  const fits = (place: Point): boolean =>
    isInside(place, padded, photo) && isWithin(place, padded, box) && isFree(place, barriers);
  const corners = [...box].sort((one, other) => one[0] + 2 * one[1] - other[0] - 2 * other[1]);
  for (const corner of corners) {
    const start = clampedTo(corner, photo);
    for (let step = 0; step <= INSET_STEPS; step++) {
      const place = between(start, middle, step / INSET_STEPS);
      if (fits(place)) return { middle: place, direction: null };
    }
  }
  return undefined;
}

/** Return the free place that is nearest to the key, with a gap to all keys and labels where there is room for it. */
function anywhere(layout: Layout, attempt: Attempt): Place | undefined {
  const { box, [attempt.form]: size } = layout.keys[attempt.index] as LabelledKey;
  const target = middleInPhoto(box, layout.photo);
  for (const gap of [layout.gap, 0]) {
    const barriers = barriersOf(attempt.obstacles, size, gap);
    const own = barrierOf(box, size, gap);
    for (const all of [[...barriers, own], barriers]) {
      const middle = nearestFree(target, size, layout.photo, all);
      if (middle) return { middle, direction: null };
    }
  }
  return undefined;
}

function barriersOf(obstacles: readonly Box[], size: Size, gap: number): Barrier[] {
  return obstacles.map((obstacle) => barrierOf(obstacle, size, gap));
}

/** Return the rectangle in which a label beside a box can be, with a gap around it. */
function reachOf(box: Box, { width, height }: Size, gap: number): Box {
  const { x, y, ...size } = boundsOf(box);
  const [marginX, marginY] = [width + 3 * gap, height + 3 * gap];
  const [reachX, reachY] = [size.width + 2 * marginX, size.height + 2 * marginY];
  return cornersOf({ x: x - marginX, y: y - marginY, width: reachX, height: reachY });
}

function labelAt(layout: Layout, { index, form }: Pick<Attempt, 'index' | 'form'>, place: Place): Label {
  const { box, [form]: size } = layout.keys[index] as LabelledKey;
  const [x, y] = [place.middle[0] - size.width / 2, place.middle[1] - size.height / 2];
  const rectangle = { x, y, ...size };
  const leader = place.direction === null ? leaderOf(rectangle, box, 2 * layout.gap) : null;
  return { ...rectangle, form, leader, direction: place.direction, isCovering: false };
}

/** Return the line from a label to its key; null if they are within a distance of each other. */
function leaderOf(label: Rectangle, box: Box, distance: number): Label['leader'] {
  if (overlapArea(cornersOf(label), box) > 0) return null;
  const middle = middleOf(box);
  const start: Point = [
    Math.min(Math.max(middle[0], label.x), label.x + label.width),
    Math.min(Math.max(middle[1], label.y), label.y + label.height),
  ];
  const [x, y] = [start[0] - middle[0], start[1] - middle[1]];
  const length = Math.hypot(x, y);
  if (length === 0) return null;
  const end = exitOf(barrierOf(box, { width: 0, height: 0 }), middle, [x / length, y / length]);
  return Math.hypot(start[0] - end[0], start[1] - end[1]) > distance ? [start, end] : null;
}

function otherBoxes({ keys }: Layout, index: number): Box[] {
  return keys.filter((_, i) => i !== index).map(({ box }) => box);
}

function isWithin([x, y]: Point, { width, height }: Size, box: Box): boolean {
  const label = cornersOf({ x: x - width / 2, y: y - height / 2, width, height });
  return overlapArea(label, box) >= areaOf(label) * (1 - 1e-6);
}

function frameOf({ width, height }: Size): Box {
  return cornersOf({ x: 0, y: 0, width, height });
}

function middleOf(box: Box): Point {
  const { x, y, width, height } = boundsOf(box);
  return [x + width / 2, y + height / 2];
}

function middleInPhoto(box: Box, photo: Size): Point {
  return middleOf(box.map((corner) => clampedTo(corner, photo)) as unknown as Box);
}

function clampedTo([x, y]: Point, { width, height }: Size): Point {
  return [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)];
}

/** Return the nearest middle at which a number is inside the photo, as far as it has room there. */
function keptInside([x, y]: Point, { short }: LabelledKey, { width, height }: Size): Point {
  const [across, down] = [Math.min(short.width, width) / 2, Math.min(short.height, height) / 2];
  return [Math.min(Math.max(x, across), width - across), Math.min(Math.max(y, down), height - down)];
}

function between([x, y]: Point, [otherX, otherY]: Point, share: number): Point {
  return [x + share * (otherX - x), y + share * (otherY - y)];
}

function scaled({ width, height }: Size, scale: number): Size {
  return { width: width / scale, height: height / scale };
}
