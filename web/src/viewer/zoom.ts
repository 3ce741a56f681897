/**
 * A photo in a frame, enlarged and moved.
 *
 * In:    sizes of photo and frame; what the user's fingers or wheel do
 * Out:   View: where the photo is in the frame
 * Needs: core/geometry.ts
 */

import type { Point } from '../core/geometry';

const LEAST_ZOOM = 1.6; // times the same, of points that are to be enlarged
const MAX_ZOOM = 8; // times the whole photo's scale

/** A size, px. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where the photo is: a point p of it is at (x, y) + scale p in the frame. */
export interface View {
  readonly scale: number; // px of the frame per px of the photo
  readonly x: number;
  readonly y: number;
}

/** Return the view of the whole photo, in the middle of the frame. */
export function fitted(photo: Size, frame: Size): View {
  const scale = fittedScale(photo, frame);
  return centred({ scale, x: 0, y: 0 }, photo, frame);
}

/** Return a view enlarged by a factor about a point of the frame, within the limits. */
export function zoomed(view: View, factor: number, [x, y]: Point, photo: Size, frame: Size): View {
  const least = fittedScale(photo, frame);
  const scale = Math.min(Math.max(view.scale * factor, least), MAX_ZOOM * least);
  const change = scale / view.scale;
  return centred({ scale, x: x + (view.x - x) * change, y: y + (view.y - y) * change }, photo, frame);
}

/** Return a view moved by (dx, dy) px of the frame; the photo stays in it. */
export function moved(view: View, [dx, dy]: Point, photo: Size, frame: Size): View {
  return centred({ ...view, x: view.x + dx, y: view.y + dy }, photo, frame);
}

/** Return the view in which some points of the photo fill a share of the frame, or more if they already do. */
export function zoomedTo(points: readonly Point[], share: number, photo: Size, frame: Size): View {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const whole = fitted(photo, frame);
  const wanted = Math.min((share * frame.width) / width, (share * frame.height) / height);
  const scale = Math.min(Math.max(wanted, LEAST_ZOOM * whole.scale), MAX_ZOOM * whole.scale);
  const [x, y] = [
    frame.width / 2 - scale * (left + width / 2),
    frame.height / 2 - scale * (top + height / 2),
  ];
  return centred({ scale, x, y }, photo, frame);
}

/** Return whether a view shows more than the whole photo would. */
export function isZoomed(view: View, photo: Size, frame: Size): boolean {
  return view.scale > 1.01 * fittedScale(photo, frame);
}

/** Return where a point of the photo is in the frame. */
export function toFrame({ scale, x, y }: View, [px, py]: Point): Point {
  return [x + scale * px, y + scale * py];
}

/** Return which point of the photo is at a point of the frame; outside, the nearest one of its edge. */
export function toPhoto({ scale, x, y }: View, [fx, fy]: Point, { width, height }: Size): Point {
  const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  return [within((fx - x) / scale, width), within((fy - y) / scale, height)];
}

function fittedScale(photo: Size, frame: Size): number {
  return Math.min(frame.width / photo.width, frame.height / photo.height);
}

/** Return a view whose photo leaves no more of the frame empty than it must. */
function centred({ scale, x, y }: View, photo: Size, frame: Size): View {
  const along = (position: number, size: number, room: number): number =>
    size <= room ? (room - size) / 2 : Math.min(Math.max(position, room - size), 0);
  return {
    scale,
    x: along(x, scale * photo.width, frame.width),
    y: along(y, scale * photo.height, frame.height),
  };
}
