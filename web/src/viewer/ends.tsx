/**
 * The ends of a key on a photo: handles that can be dragged, the line between them, a cross for the keyboard.
 *
 * In:    points, px of the frame or of the photo; pointers and arrow keys
 * Out:   elements over the photo; where the cross is
 * Needs: zoom.ts, preact
 */

import type { JSX } from 'preact';
import type { Point } from '../core/geometry';
import { type Size, toFrame, type View } from './zoom';

const STEPS = { plain: 8, shift: 32, alt: 1 }; // px of the frame, by which an arrow key moves the cross
const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export type End = 'head' | 'tip';

interface MarkLineProps {
  readonly head: Point; // px of the photo
  readonly tip: Point;
  readonly view: View;
}

/** The line from head to tip. */
export function MarkLine({ head, tip, view }: MarkLineProps): JSX.Element {
  const [[x1, y1], [x2, y2]] = [toFrame(view, head), toFrame(view, tip)];
  return (
    <svg class="mark-line" aria-hidden="true">
      <line class="rim" x1={x1} y1={y1} x2={x2} y2={y2} />
      <line x1={x1} y1={y1} x2={x2} y2={y2} />
    </svg>
  );
}

/** What the arrow keys move. */
export function Cross({ at: [x, y] }: { readonly at: Point }): JSX.Element {
  return <span class="cross" style={{ transform: `translate(${x}px, ${y}px)` }} aria-hidden="true" />;
}

interface HandleProps {
  readonly end: End;
  readonly name: string;
  readonly at: Point; // px of the frame
  readonly onDrag: (event: PointerEvent) => void;
  readonly onDragging: (end: End | null) => void;
}

/** An end that is set; it can be dragged. */
export function Handle({ end, name, at: [x, y], onDrag, onDragging }: HandleProps): JSX.Element {
  const stop = (event: PointerEvent): void => {
    event.stopPropagation();
    onDragging(null);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys and Enter are the keyboard's way to set an end
    // biome-ignore lint/a11y/useKeyWithClickEvents: as above
    <span
      class={`handle ${end}`}
      style={{ transform: `translate(${x}px, ${y}px)` }}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        onDragging(end);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) onDrag(event);
      }}
      onPointerUp={stop}
      onPointerCancel={stop}
      onClick={(event) => event.stopPropagation()}
    >
      <span>{name}</span>
    </span>
  );
}

/** Return where a key press moves the cross, px of the frame; null: it is not an arrow. It starts in the middle. */
export function movedCross(cross: Point | null, event: KeyboardEvent, frame: Size): Point | null {
  const arrow = ARROWS[event.key];
  return arrow ? stepped(cross ?? middleOf(frame), arrow, stepOf(event), frame) : null;
}

/** Return the middle of a frame. */
export function middleOf({ width, height }: Size): Point {
  return [width / 2, height / 2];
}

/** Return where a pointer is in an element, px. */
export function pointIn(element: HTMLElement | null, event: MouseEvent): Point {
  const { left = 0, top = 0 } = element?.getBoundingClientRect() ?? {};
  return [event.clientX - left, event.clientY - top];
}

function stepOf(event: KeyboardEvent): number {
  if (event.shiftKey) return STEPS.shift;
  return event.altKey ? STEPS.alt : STEPS.plain;
}

function stepped([x, y]: Point, [dx, dy]: Point, step: number, { width, height }: Size): Point {
  const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  return [within(x + step * dx, width), within(y + step * dy, height)];
}
