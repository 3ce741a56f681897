/**
 * "There is a key here": the user marks its head, then its tip.
 *
 * In:    the sheet; where the photo is in the frame
 * Out:   two handles that can be dragged, with a magnifier; arrow keys move them, Enter sets them
 * Needs: zoom.ts, sheet.ts
 */

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Point } from '../../core/geometry';
import { formatPercent, t } from '../../words';
import { announce } from '../notices';
import { Magnifier } from './magnifier';
import type { Sheet } from './sheet';
import type { Zoom } from './use-zoom';
import { type Size, toFrame, toPhoto, type View } from './zoom';

const STEPS = { plain: 8, shift: 32, alt: 1 }; // px of the frame, by which an arrow key moves the cross
const MIN_LENGTH = 12; // px of the photo between head and tip
const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

type End = 'head' | 'tip';

interface MarkingProps {
  readonly sheet: Sheet;
  readonly view: View;
  readonly frame: Size;
  readonly photo: Size;
  readonly url: string;
  readonly zoom: Zoom;
}

/** The ends of the key; null: not set yet. */
interface Ends {
  readonly head: Point | null;
  readonly tip: Point | null;
}

/** The overlay. */
export function Marking(props: MarkingProps): JSX.Element {
  const { sheet, view, frame, photo } = props;
  const [ends, setEnds] = useState<Ends>({ head: null, tip: null });
  const [cross, setCross] = useState<Point | null>(null); // px of the frame; null: not moved by keys
  const [dragged, setDragged] = useState<End | null>(null);
  const surface = useRef<HTMLDivElement>(null);
  const next: End | null = ends.head === null ? 'head' : ends.tip === null ? 'tip' : null;
  useEffect(() => surface.current?.focus({ preventScroll: true }), []);
  useEffect(() => announce(t(next ? `answer.mark.${next}` : 'answer.mark.ready')), [next]);
  const set = (end: End, at: Point): void => setEnds((now) => ({ ...now, [end]: toPhoto(view, at, photo) }));
  const onKeyDown = (event: KeyboardEvent): void => {
    const arrow = ARROWS[event.key];
    if (event.key === 'Escape') sheet.mode.value = 'look';
    else if (event.key === 'Enter' && next) set(next, cross ?? [frame.width / 2, frame.height / 2]);
    else if (arrow) {
      const at = stepped(cross ?? [frame.width / 2, frame.height / 2], arrow, stepOf(event), frame);
      setCross(at);
      announce(positionText(toPhoto(view, at, photo), photo));
    } else return;
    event.preventDefault();
  };
  return (
    <>
      <div
        ref={surface}
        class="marking"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the cross here
        tabIndex={0}
        aria-label={t('answer.mark.surface')}
        onKeyDown={onKeyDown}
        onClick={(event) => {
          if (!props.zoom.wasMoved() && next) set(next, pointIn(surface.current, event));
        }}
      >
        <Lines ends={ends} view={view} />
        {cross && next ? <Cross at={cross} /> : null}
        {(['head', 'tip'] as const).map((end) => {
          const at = ends[end];
          if (!at) return null;
          const drag = (event: PointerEvent): void => set(end, pointIn(surface.current, event));
          return <Handle end={end} at={toFrame(view, at)} onDrag={drag} onDragging={setDragged} />;
        })}
        {dragged && ends[dragged] ? <Magnifier {...props} at={ends[dragged] as Point} /> : null}
      </div>
      <MarkBar sheet={sheet} ends={ends} next={next} onReset={() => setEnds({ head: null, tip: null })} />
    </>
  );
}

/** The line between the ends, and the cross at each. */
function Lines({ ends, view }: { readonly ends: Ends; readonly view: View }): JSX.Element | null {
  if (!ends.head || !ends.tip) return null;
  const [[x1, y1], [x2, y2]] = [toFrame(view, ends.head), toFrame(view, ends.tip)];
  return (
    <svg class="mark-line" aria-hidden="true">
      <line class="rim" x1={x1} y1={y1} x2={x2} y2={y2} />
      <line x1={x1} y1={y1} x2={x2} y2={y2} />
    </svg>
  );
}

function Cross({ at: [x, y] }: { readonly at: Point }): JSX.Element {
  return <span class="cross" style={{ transform: `translate(${x}px, ${y}px)` }} aria-hidden="true" />;
}

interface HandleProps {
  readonly end: End;
  readonly at: Point;
  readonly onDrag: (event: PointerEvent) => void;
  readonly onDragging: (end: End | null) => void;
}

/** An end that is set; it can be dragged. */
function Handle({ end, at: [x, y], onDrag, onDragging }: HandleProps): JSX.Element {
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
      <span>{t(end === 'head' ? 'answer.head' : 'answer.tip')}</span>
    </span>
  );
}

interface MarkBarProps {
  readonly sheet: Sheet;
  readonly ends: Ends;
  readonly next: End | null;
  readonly onReset: () => void;
}

/** What to do next, and the buttons. */
function MarkBar({ sheet, ends: { head, tip }, next, onReset }: MarkBarProps): JSX.Element {
  const [isBusy, setBusy] = useState(false);
  const isLong =
    head !== null && tip !== null && Math.hypot(tip[0] - head[0], tip[1] - head[1]) >= MIN_LENGTH;
  const done = async (): Promise<void> => {
    if (!head || !tip) return;
    setBusy(true);
    await sheet.mark(head, tip).catch(sheet.app.reportError);
    sheet.mode.value = 'look';
  };
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isLong) button.current?.focus({ preventScroll: true });
  }, [next]);
  return (
    <div class="mark-bar" onPointerDown={(event) => event.stopPropagation()}>
      <p>{t(next ? `answer.mark.${next}` : isLong ? 'answer.mark.ready' : 'answer.mark.short')}</p>
      <button type="button" onClick={() => (sheet.mode.value = 'look')}>
        {t('answer.cancel')}
      </button>
      {head ? (
        <button type="button" onClick={onReset}>
          {t('answer.mark.again')}
        </button>
      ) : null}
      {head && tip ? (
        <button
          type="button"
          class="main"
          ref={button}
          disabled={!isLong || isBusy}
          onClick={() => void done()}
        >
          {t('answer.mark.done')}
        </button>
      ) : null}
    </div>
  );
}

function stepOf(event: KeyboardEvent): number {
  if (event.shiftKey) return STEPS.shift;
  return event.altKey ? STEPS.alt : STEPS.plain;
}

function stepped([x, y]: Point, [dx, dy]: Point, step: number, { width, height }: Size): Point {
  const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  return [within(x + step * dx, width), within(y + step * dy, height)];
}

/** Return where a point is, for screen readers. */
function positionText([x, y]: Point, { width, height }: Size): string {
  return t('answer.mark.position', { x: formatPercent(x / width), y: formatPercent(y / height) });
}

function pointIn(element: HTMLElement | null, event: MouseEvent): Point {
  const { left = 0, top = 0 } = element?.getBoundingClientRect() ?? {};
  return [event.clientX - left, event.clientY - top];
}
