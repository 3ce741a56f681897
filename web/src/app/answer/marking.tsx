/**
 * "There is a key here": the user marks its head, then its tip.
 *
 * In:    the sheet; where the photo is in the frame
 * Out:   two handles that can be dragged, with a magnifier; arrow keys move them, Enter sets them
 * Needs: viewer/, sheet.ts
 */

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Point } from '../../core/geometry';
import { announce } from '../../notices';
import { Cross, type End, Handle, MarkLine, middleOf, movedCross, pointIn } from '../../viewer/ends';
import { Magnifier } from '../../viewer/magnifier';
import type { Zoom } from '../../viewer/use-zoom';
import { type Size, toFrame, toPhoto, type View } from '../../viewer/zoom';
import { formatPercent, t } from '../../words';
import type { Sheet } from './sheet';

const MIN_LENGTH = 12; // px of the photo between head and tip

interface MarkingProps {
  readonly sheet: Sheet;
  readonly view: View;
  readonly frame: Size;
  readonly photo: Size;
  readonly url: string;
  readonly zoom: Zoom;
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
    const moved = movedCross(cross, event, frame);
    if (event.key === 'Escape') sheet.mode.value = 'look';
    else if (event.key === 'Enter' && next) set(next, cross ?? middleOf(frame));
    else if (moved) {
      setCross(moved);
      announce(positionText(toPhoto(view, moved, photo), photo));
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
        {ends.head && ends.tip ? <MarkLine head={ends.head} tip={ends.tip} view={view} /> : null}
        {cross && next ? <Cross at={cross} /> : null}
        {(['head', 'tip'] as const).map((end) => {
          const at = ends[end];
          if (!at) return null;
          const drag = (event: PointerEvent): void => set(end, pointIn(surface.current, event));
          const name = t(end === 'head' ? 'answer.head' : 'answer.tip');
          const place = { end, name, at: toFrame(view, at) };
          return <Handle {...place} onDrag={drag} onDragging={setDragged} />;
        })}
        {dragged && ends[dragged] ? <Magnifier {...props} at={ends[dragged] as Point} /> : null}
      </div>
      <MarkBar sheet={sheet} ends={ends} next={next} onReset={() => setEnds({ head: null, tip: null })} />
    </>
  );
}

/** The ends of the key; null: not set yet. */
interface Ends {
  readonly head: Point | null;
  readonly tip: Point | null;
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

/** Return where a point is, for screen readers. */
function positionText([x, y]: Point, { width, height }: Size): string {
  return t('answer.mark.position', { x: formatPercent(x / width), y: formatPercent(y / height) });
}
