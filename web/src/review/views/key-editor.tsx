/**
 * Marking keys: two taps add one, ends can be dragged, arrow keys move a cross.
 *
 * In:    a photo; where it is in the frame
 * Out:   the draft of its keys, in the desk
 * Needs: viewer/, state/draft.ts
 */

import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Point } from '../../core/geometry';
import { Cross, type End, Handle, pointIn } from '../../viewer/ends';
import { Magnifier } from '../../viewer/magnifier';
import type { Zoom } from '../../viewer/use-zoom';
import { type Size, toFrame, toPhoto, type View } from '../../viewer/zoom';
import type { Photo } from '../api';
import { edit } from '../state/commands';
import { crossOf, REACH } from '../state/cross';
import { type Draft, dragged, tapped } from '../state/draft';
import { W } from '../words';
import { useDesk } from './context';
import { Marks } from './key-marks';

interface EditorProps {
  readonly photo: Photo;
  readonly view: View;
  readonly frame: Size;
  readonly zoom: Zoom;
}

/** The overlay. */
export function KeyEditor({ photo, view, frame, zoom }: EditorProps): JSX.Element | null {
  const desk = useDesk();
  const draft = desk.draft.value;
  const surface = useRef<HTMLDivElement>(null);
  const [held, setHeld] = useState<Point | null>(null); // px of the photo, of the end that is being dragged
  const tap = (at: Point): void =>
    edit(desk, (now) => tapped(now, toPhoto(view, at, photo), REACH / view.scale));
  const cross = crossOf(desk);
  if (!draft) return null;
  const pointOf = (event: PointerEvent): Point => toPhoto(view, pointIn(surface.current, event), photo);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: arrow keys and Enter are the keyboard's way to set an end
    <div
      ref={surface}
      class="key-surface"
      role="img"
      aria-label={W.surface}
      onClick={(event) => {
        if (!zoom.wasMoved()) tap(pointIn(surface.current, event));
      }}
    >
      <Marks
        keys={draft.keys}
        selected={draft.selected}
        isMarked={photo.ends !== null || draft.isEdited}
        view={view}
        frame={frame}
      />
      <Ends draft={draft} view={view} pointOf={pointOf} onHold={setHeld} />
      {cross ? <Cross at={toFrame(view, cross)} /> : null}
      {held ? (
        <Magnifier
          at={held}
          view={view}
          frame={frame}
          photo={photo}
          url={desk.place.photos.picture(photo, 1280)}
        />
      ) : null}
    </div>
  );
}

interface EndsProps {
  readonly draft: Draft;
  readonly view: View;
  readonly pointOf: (event: PointerEvent) => Point;
  readonly onHold: (at: Point | null) => void;
}

/** The ends that can be dragged: those of the selected key have names. */
function Ends({ draft, view, pointOf, onHold }: EndsProps): JSX.Element {
  const desk = useDesk();
  const handle = (index: number, end: End, at: Point): JSX.Element => (
    <Handle
      end={end}
      name={end === 'head' ? W.head : W.tip}
      at={toFrame(view, at)}
      onDragging={(now) => {
        edit(desk, (old) => ({ ...old, selected: index, start: null }));
        onHold(now && at);
      }}
      onDrag={(event) => {
        edit(desk, (now) => dragged(now, index, end, pointOf(event)));
        onHold(pointOf(event));
      }}
    />
  );
  return (
    <>
      {draft.keys.map((key, i) => (
        <span key={i} class={i === draft.selected ? 'named-ends' : 'quiet-ends'}>
          {handle(i, 'head', key.head)}
          {handle(i, 'tip', key.tip)}
        </span>
      ))}
      {draft.start ? (
        <span class="named-ends">
          <Handle
            end="head"
            name={W.head}
            at={toFrame(view, draft.start)}
            onDragging={(now) => onHold(now && draft.start)}
            onDrag={(event) => {
              edit(desk, (now) => ({ ...now, start: pointOf(event) }));
              onHold(pointOf(event));
            }}
          />
        </span>
      ) : null}
    </>
  );
}
