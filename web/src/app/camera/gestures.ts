/**
 * Gestures on the camera's picture: tap, pinch, wheel.
 *
 * In:    pointer and wheel events of an element
 * Out:   calls: where was tapped; by which factor to zoom
 * Needs: pointer events
 */

import type { Point } from '../../core';

const MAX_MOVE = 12; // CSS px that a finger may move in a tap
const MAX_TIME = 600; // ms that a tap may last
const WHEEL = 0.0015; // of the zoom's logarithm per px that a wheel turns

/** What gestures do. */
export interface Gestures {
  onTap(point: Point): void; // CSS px of the element
  onZoom(factor: number): void; // relative to the present one
}

/** Call functions on gestures until the signal is aborted. */
export function watchGestures(element: HTMLElement, gestures: Gestures, signal: AbortSignal): void {
  const fingers = new Map<number, Point>();
  let start: { point: Point; time: number } | null = null; // null: no tap any more
  const release = ({ pointerId }: PointerEvent): void => {
    fingers.delete(pointerId);
  };
  const down = (event: PointerEvent): void => {
    if (event.target instanceof Element && event.target.closest('button, a')) return;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    start = fingers.size === 1 ? { point: [event.clientX, event.clientY], time: event.timeStamp } : null;
  };
  const move = (event: PointerEvent): void => {
    if (!fingers.has(event.pointerId)) return;
    const before = spread(fingers);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    const after = spread(fingers);
    if (before > 0 && after > 0) gestures.onZoom(after / before);
    if (start && distance(start.point, [event.clientX, event.clientY]) > MAX_MOVE) start = null;
  };
  const up = (event: PointerEvent): void => {
    const isTap = fingers.has(event.pointerId) && start && event.timeStamp - start.time <= MAX_TIME;
    release(event);
    if (!isTap || event.button > 0) return;
    const { left, top } = element.getBoundingClientRect();
    gestures.onTap([event.clientX - left, event.clientY - top]);
  };
  const wheel = (event: WheelEvent): void => {
    event.preventDefault(); // the page would be zoomed on a touchpad
    gestures.onZoom(Math.exp(-event.deltaY * WHEEL * (event.ctrlKey ? 4 : 1)));
  };
  element.addEventListener('pointerdown', down, { signal });
  element.addEventListener('pointermove', move, { signal });
  element.addEventListener('pointerup', up, { signal });
  for (const type of ['pointercancel', 'pointerleave'] as const)
    element.addEventListener(type, release, { signal });
  element.addEventListener('wheel', wheel, { signal, passive: false });
}

/** Return how far apart the first two fingers are; 0 if there is one. */
function spread(fingers: ReadonlyMap<number, Point>): number {
  const [one, other] = [...fingers.values()];
  return one && other ? distance(one, other) : 0;
}

function distance([x, y]: Point, [otherX, otherY]: Point): number {
  return Math.hypot(x - otherX, y - otherY);
}
