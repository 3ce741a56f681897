/**
 * Smooth a key's outline over camera frames: no jitter while the hand is still, no lag while it moves.
 *
 * In:    an Outline per frame, and the seconds between frames, which vary
 * Out:   a Smoothed outline and its speed
 * Needs: detection.ts, geometry.ts
 *
 * Source: Casiez, Roussel and Vogel 2012, 1€ filter. Speeds are in key lengths, so that it does not matter how large a
 * key is in the frame, and all coordinates of a key share one speed, so that its outline keeps its shape.
 */

import { type Keypoints, lengthOf } from './detection';
import { type Box, extent, type Point } from './geometry';

const MIN_CUTOFF = 0.4; // Hz, of a key that does not move
const CUTOFF_PER_SPEED = 5; // Hz per key length per second: the outline is about 3% of a length behind
const SPEED_CUTOFF = 0.6; // Hz, of the speed itself: noise, which changes its sign, must not look like speed
const STILL = 0.1; // key lengths per second: the speed that noise alone gives

/** A key's box and keypoints, px. */
export interface Outline extends Keypoints {
  readonly box: Box;
}

/** What the filter remembers of a key. Values: head x, y, tip x, y; how far the box extends beyond head, tip, sides. */
export interface Smoothed {
  readonly values: readonly number[];
  readonly rates: readonly number[]; // of the values, px per second
}

/** Start with an outline. */
export function startSmoothing(outline: Outline): Smoothed {
  const values = valuesOf(outline);
  return { values, rates: values.map(() => 0) };
}

/**
 * Return the smoothed outline after one more frame.
 *
 * seconds: since the frame before; shift: by which the camera's motion has moved the picture since then, px.
 */
export function smoothOutline(
  before: Smoothed,
  outline: Outline,
  seconds: number,
  shift: Point = [0, 0],
): Smoothed {
  const predicted = moveSmoothed(before, shift).values;
  const measured = valuesOf(outline);
  const turning = weight(SPEED_CUTOFF, seconds);
  const rates = measured.map((value, i) => {
    const rate = (value - (predicted[i] as number)) / seconds;
    return (before.rates[i] as number) + turning * (rate - (before.rates[i] as number));
  });
  const speed = speedOf({ values: measured, rates });
  const following = weight(MIN_CUTOFF + CUTOFF_PER_SPEED * Math.max(speed - STILL, 0), seconds);
  return {
    values: predicted.map((value, i) => value + following * ((measured[i] as number) - value)),
    rates,
  };
}

/** Return a smoothed outline moved by a shift, px: where a key is that the frame does not show. */
export function moveSmoothed({ values, rates }: Smoothed, shift: Point): Smoothed {
  return { values: values.map((value, i) => (i < 4 ? value + (shift[i % 2] as number) : value)), rates };
}

/** Return the speed of a key relative to the camera's motion, key lengths per second. */
export function speedOf({ values, rates }: Smoothed): number {
  const [headX, headY, tipX, tipY] = rates as [number, number, number, number];
  const speed = Math.max(Math.hypot(headX, headY), Math.hypot(tipX, tipY));
  return speed / Math.max(lengthOf(keypointsOf(values)), 1);
}

/** Return the outline that values describe. */
export function outlineOf({ values }: Smoothed): Outline {
  const { head, tip } = keypointsOf(values);
  const [x, y] = axisOf(head, tip);
  const [beyondHead, beyondTip, left, right] = values.slice(4) as [number, number, number, number];
  const corner = ([px, py]: Point, along: number, across: number): Point => [
    px + along * x + across * y,
    py + along * y - across * x,
  ];
  return {
    head,
    tip,
    box: [
      corner(head, -beyondHead, right),
      corner(tip, beyondTip, right),
      corner(tip, beyondTip, -left),
      corner(head, -beyondHead, -left),
    ],
  };
}

/** Return the outline with head and tip exchanged if that is nearer to another one. */
export function alignedWith(outline: Outline, other: Keypoints): Outline {
  const straight = distance(outline.head, other.head) + distance(outline.tip, other.tip);
  const crossed = distance(outline.head, other.tip) + distance(outline.tip, other.head);
  return crossed < straight ? flipped(outline) : outline;
}

function flipped({ box, head, tip }: Outline): Outline {
  return { box: [box[2], box[3], box[0], box[1]], head: tip, tip: head };
}

function valuesOf({ box, head, tip }: Outline): number[] {
  const axis = axisOf(head, tip);
  const [start, end, top, bottom] = extent(box, axis);
  const [headAlong, , across] = extent([head], axis);
  const [tipAlong] = extent([tip], axis);
  return [...head, ...tip, headAlong - start, end - tipAlong, across - top, bottom - across];
}

function keypointsOf([headX, headY, tipX, tipY]: readonly number[]): Keypoints {
  return { head: [headX as number, headY as number], tip: [tipX as number, tipY as number] };
}

function axisOf(head: Point, tip: Point): Point {
  const [dx, dy] = [tip[0] - head[0], tip[1] - head[1]];
  const length = Math.hypot(dx, dy);
  return length ? [dx / length, dy / length] : [1, 0];
}

/** Return the weight of the current value in a low-pass filter of the first order. */
function weight(cutoff: number, seconds: number): number {
  const constant = 1 / (2 * Math.PI * cutoff);
  return 1 / (1 + constant / seconds);
}

function distance([x, y]: Point, [otherX, otherY]: Point): number {
  return Math.hypot(x - otherX, y - otherY);
}
