/**
 * A photo that can be enlarged, with its keys over it.
 *
 * In:    a photo; its decoded picture
 * Out:   a canvas in a frame
 * Needs: viewer/, key-marks.tsx, key-editor.tsx
 */

import { Maximize2, Minimize2 } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Point } from '../../core/geometry';
import { Icon } from '../../parts/icon';
import { useZoom, type Zoom } from '../../viewer/use-zoom';
import { fitted, type Size, type View } from '../../viewer/zoom';
import type { Photo } from '../api';
import { sight } from '../state/cross';
import type { Desk } from '../state/desk';
import { canMark, draftOf } from '../state/draft';
import { LARGEST } from '../state/place';
import { W } from '../words';
import { useDesk } from './context';
import { KeyEditor } from './key-editor';
import { KeyMarks } from './key-marks';

const SHARP = 1.3; // device pixels that one of the picture may cover before a larger one is fetched
const MARGIN = 0.3; // of a key's length, around it when it is enlarged

/** The frame. */
export function PhotoFrame({ photo }: { readonly photo: Photo }): JSX.Element {
  const desk = useDesk();
  const size = useMemo(() => ({ width: photo.width, height: photo.height }), [photo.width, photo.height]);
  const zoom = useZoom(size);
  const around = useViewOf(photo, size, zoom);
  const view = canMark(photo) ? around : null; // a photo that cannot be read has no size
  useZoomKey(desk, photo, zoom);
  useLayoutEffect(() => {
    if (view && zoom.size) sight.value = { photo: photo.id, view, frame: zoom.size };
  }, [photo.id, view, zoom.size]);
  const bitmap = pictureOf(desk, photo);
  useEffect(() => {
    if (view && bitmap && zoom.isZoomed && view.scale * photo.width * devicePixelRatio > SHARP * bitmap.width)
      desk.place.isClose.value = true;
  }, [view?.scale, bitmap]);
  const isEditing = desk.mode.value === 'keys';
  const url = desk.place.photos.picture(photo, desk.place.side.value);
  return (
    <div
      class={`viewer ${zoom.isZoomed ? 'zoomed' : ''} ${isEditing ? 'editing' : ''}`}
      ref={zoom.frame}
      {...zoom.handlers}
    >
      {view ? <Picture photo={photo} bitmap={bitmap} view={view} /> : null}
      {(!canMark(photo) || desk.place.pictures.hasFailed(url)) && !bitmap ? (
        <p class="broken">{W.broken}</p>
      ) : null}
      {view && zoom.size && !isEditing ? <KeyMarks photo={photo} view={view} frame={zoom.size} /> : null}
      {view && zoom.size && isEditing ? (
        <KeyEditor key={photo.id} photo={photo} view={view} frame={zoom.size} zoom={zoom} />
      ) : null}
      <button
        type="button"
        class="icon-button over-photo zoom"
        aria-label={zoom.isZoomed ? W.zoomOut : W.zoom}
        title={`${zoom.isZoomed ? W.zoomOut : W.zoom} (z)`}
        onPointerDown={(event) => event.stopPropagation()}
        onClick={() => toggle(desk, photo, zoom)}
      >
        <Icon of={zoom.isZoomed ? Minimize2 : Maximize2} size={18} />
      </button>
    </div>
  );
}

/** Return where the photo is: whole, until the gestures know of another photo. */
function useViewOf(photo: Photo, size: Size, zoom: Zoom): View | null {
  const [known, setKnown] = useState(photo.id);
  useEffect(() => {
    zoom.reset();
    setKnown(photo.id);
  }, [photo.id]);
  if (known === photo.id && zoom.view) return zoom.view;
  return zoom.size && fitted(size, zoom.size);
}

/** Enlarge, or show the whole photo, when the user presses the key for it. */
function useZoomKey(desk: Desk, photo: Photo, zoom: Zoom): void {
  const asked = desk.zoomAsked.value;
  const done = useRef(asked);
  useEffect(() => {
    if (done.current !== asked) toggle(desk, photo, zoom);
    done.current = asked;
  }, [asked]);
}

function toggle(desk: Desk, photo: Photo, zoom: Zoom): void {
  if (zoom.isZoomed || !canMark(photo)) zoom.reset();
  else zoom.showPoints(interesting(photo, desk));
}

/** Return what is worth enlarging: the selected key, all keys, or the middle. */
function interesting(photo: Photo, desk: Desk): Point[] {
  const { keys, selected } = desk.draft.peek() ?? draftOf(photo);
  const shown = selected === null ? keys : keys.slice(selected, selected + 1);
  if (!shown.length) {
    const { width, height } = photo;
    return [
      [width / 4, height / 4],
      [(3 * width) / 4, (3 * height) / 4],
    ];
  }
  return shown.flatMap(({ head, tip }) => {
    const around = MARGIN * Math.hypot(tip[0] - head[0], tip[1] - head[1]);
    return [head, tip].flatMap(([x, y]): Point[] => [
      [x - around, y - around],
      [x + around, y + around],
    ]);
  });
}

/** Return the largest picture that is there. */
function pictureOf(desk: Desk, photo: Photo): ImageBitmap | null {
  const large = desk.place.isClose.value
    ? desk.place.pictures.get(desk.place.photos.picture(photo, LARGEST))
    : null;
  return large ?? desk.place.pictures.get(desk.place.photos.picture(photo, desk.place.side.value));
}

interface PictureProps {
  readonly photo: Photo;
  readonly bitmap: ImageBitmap | null;
  readonly view: View;
}

/** The pixels; until they are there, the small picture of the strip. */
function Picture({ photo, bitmap, view }: PictureProps): JSX.Element {
  const desk = useDesk();
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    if (!bitmap || !canvas.current) return;
    [canvas.current.width, canvas.current.height] = [bitmap.width, bitmap.height];
    canvas.current.getContext('2d')?.drawImage(bitmap, 0, 0);
  }, [bitmap]);
  const style = {
    inlineSize: `${view.scale * photo.width}px`,
    blockSize: `${view.scale * photo.height}px`,
    transform: `translate(${view.x}px, ${view.y}px)`,
  };
  return (
    <>
      {bitmap ? null : (
        <img
          src={desk.place.photos.picture(photo, 256)}
          alt=""
          style={style}
          draggable={false}
          onError={({ currentTarget }) => {
            currentTarget.hidden = true;
          }}
          onLoad={({ currentTarget }) => {
            currentTarget.hidden = false;
          }}
        />
      )}
      <canvas
        ref={canvas}
        role="img"
        aria-label={W.photoAlt(photo.name, photo.kind)}
        style={style}
        hidden={!bitmap}
        data-photo={bitmap ? photo.id : undefined}
      />
    </>
  );
}
