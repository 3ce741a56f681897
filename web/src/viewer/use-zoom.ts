/**
 * Fingers, mouse and wheel on a photo.
 *
 * In:    the photo's size; an element
 * Out:   the View; handlers for pointers
 * Needs: zoom.ts, preact
 *
 * Two fingers and the wheel enlarge, one finger moves an enlarged photo, a double tap enlarges and back. A photo that is
 * not enlarged leaves a finger that moves up or down to the page.
 */

import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Point } from '../core/geometry';
import { fitted, isZoomed, moved, type Size, type View, zoomed, zoomedTo } from './zoom';

const WHEEL_STEP = 0.0016; // of the logarithm of the scale, per px of the wheel
const DOUBLE_TAP_TIME = 350; // ms
const DOUBLE_TAP_DISTANCE = 24; // px
const DOUBLE_TAP_ZOOM = 3;
const MOVED = 8; // px from which a finger does not tap
const FILLED = 0.8; // of the frame, by the key that is enlarged

/** What a view of a photo needs. */
export interface Zoom {
  readonly frame: RefObject<HTMLDivElement | null>;
  readonly size: Size | null; // of the frame; null: not measured yet
  readonly view: View | null;
  readonly isZoomed: boolean;
  readonly handlers: Handlers;
  wasMoved(): boolean; // since the pointer was pressed: its click is none
  reset(): void;
  showPoints(points: readonly Point[]): void;
}

interface Handlers {
  onPointerDown(event: PointerEvent): void;
  onPointerMove(event: PointerEvent): void;
  onPointerUp(event: PointerEvent): void;
  onPointerCancel(event: PointerEvent): void;
}

/** Return the view of a photo in a frame. */
export function useZoom(photo: Size | null): Zoom {
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const [view, setView] = useState<View | null>(null);
  const gesture = useMemo(() => new Gesture(frame, setView), []);
  const isKnown = photo !== null && size !== null;
  useEffect(() => {
    gesture.start(isKnown ? { photo, frame: size } : null);
  }, [photo?.width, photo?.height, size?.width, size?.height]);
  useEffect(() => {
    const element = frame.current;
    element?.addEventListener('wheel', gesture.wheel, { passive: false });
    return () => element?.removeEventListener('wheel', gesture.wheel);
  }, []);
  return {
    frame,
    size,
    view,
    isZoomed: isKnown && view !== null && isZoomed(view, photo, size),
    handlers: gesture.handlers,
    wasMoved: () => gesture.wasMoved,
    reset: () => gesture.reset(),
    showPoints: (points) => gesture.showPoints(points),
  };
}

/** Return the size of an element, kept up to date. */
function useSize(element: RefObject<HTMLElement | null>): Size | null {
  const [size, setSize] = useState<Size | null>(null);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      const { width = 0, height = 0 } = entry?.contentRect ?? {};
      setSize(width && height ? { width, height } : null);
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return size;
}

/** The pointers that are down, and the view that they change. */
class Gesture {
  readonly #pointers = new Map<number, Point>();
  #sizes: { photo: Size; frame: Size } | null = null;
  #view: View | null = null;
  #lastTap: { time: number; at: Point } | null = null;
  #start: Point = [0, 0];
  wasMoved = false;

  constructor(
    readonly element: RefObject<HTMLElement | null>,
    readonly onView: (view: View | null) => void,
  ) {}

  start(sizes: { photo: Size; frame: Size } | null): void {
    this.#sizes = sizes;
    this.reset();
  }

  reset(): void {
    this.#show(this.#sizes && fitted(this.#sizes.photo, this.#sizes.frame));
  }

  showPoints(points: readonly Point[]): void {
    if (this.#sizes) this.#show(zoomedTo(points, FILLED, this.#sizes.photo, this.#sizes.frame));
  }

  readonly wheel = (event: WheelEvent): void => {
    if (!this.#view || !this.#sizes) return;
    const isOut = event.deltaY > 0 && !this.#isZoomed;
    if (isOut && !event.ctrlKey) return; // nothing to make smaller: the page scrolls
    event.preventDefault();
    this.#zoom(Math.exp(-event.deltaY * WHEEL_STEP * (event.ctrlKey ? 6 : 1)), this.#at(event));
  };

  readonly handlers: Handlers = {
    onPointerDown: (event) => {
      this.#pointers.set(event.pointerId, this.#at(event));
      if (this.#pointers.size === 1) {
        this.wasMoved = false;
        this.#start = this.#at(event);
      }
    },
    onPointerMove: (event) => this.#move(event),
    onPointerUp: (event) => {
      if (this.#pointers.delete(event.pointerId) && !this.wasMoved) this.#tap(event);
    },
    onPointerCancel: (event) => {
      this.#pointers.delete(event.pointerId);
      this.wasMoved = true;
    },
  };

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before || !this.#view || !this.#sizes) return;
    const now = this.#at(event);
    this.#pointers.set(event.pointerId, now);
    if (distance(now, this.#start) > MOVED || this.#pointers.size > 1) this.wasMoved = true;
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const middle: Point = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
      this.#zoom(distance(now, other) / Math.max(distance(before, other), 1), middle);
    } else if (!this.#isZoomed || !this.wasMoved) return;
    const share = other ? 0.5 : 1; // of the movement, by which the middle of two fingers moves
    const by: Point = [share * (now[0] - before[0]), share * (now[1] - before[1])];
    this.#show(moved(this.#view, by, this.#sizes.photo, this.#sizes.frame));
  }

  #tap(event: PointerEvent): void {
    const now = { time: event.timeStamp, at: this.#at(event) };
    const last = this.#lastTap;
    this.#lastTap = now;
    if (!last || now.time - last.time > DOUBLE_TAP_TIME || distance(now.at, last.at) > DOUBLE_TAP_DISTANCE)
      return;
    this.#lastTap = null;
    if (this.#isZoomed) this.reset();
    else this.#zoom(DOUBLE_TAP_ZOOM, now.at);
  }

  get #isZoomed(): boolean {
    return (
      this.#view !== null &&
      this.#sizes !== null &&
      isZoomed(this.#view, this.#sizes.photo, this.#sizes.frame)
    );
  }

  #zoom(factor: number, at: Point): void {
    if (this.#view && this.#sizes)
      this.#show(zoomed(this.#view, factor, at, this.#sizes.photo, this.#sizes.frame));
  }

  #show(view: View | null): void {
    this.#view = view;
    this.onView(view);
  }

  #at(event: MouseEvent): Point {
    const { left = 0, top = 0 } = this.element.current?.getBoundingClientRect() ?? {};
    return [event.clientX - left, event.clientY - top];
  }
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}
