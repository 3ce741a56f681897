/**
 * A magnifier: what is under the finger that drags an end of a key.
 *
 * In:    a point of the photo; where the photo is in the frame
 * Out:   a round, enlarged part of the photo, away from the finger
 * Needs: zoom.ts
 */

import type { JSX } from 'preact';
import type { Point } from '../core/geometry';
import { type Size, toFrame, type View } from './zoom';

const DIAMETER = 112; // px
const ZOOM = 2.5; // times the scale of the frame
const GAP = 12; // px to the edge of the frame

interface MagnifierProps {
  readonly at: Point; // px of the photo
  readonly view: View;
  readonly frame: Size;
  readonly photo: Size;
  readonly url: string;
}

/** The magnifier, in the upper corner that is farther from the point. */
export function Magnifier({ at, view, frame, photo, url }: MagnifierProps): JSX.Element {
  const scale = ZOOM * view.scale;
  const isLeft = toFrame(view, at)[0] > frame.width / 2;
  const left = isLeft ? GAP : frame.width - GAP - DIAMETER;
  const [x, y] = [DIAMETER / 2 - scale * at[0], DIAMETER / 2 - scale * at[1]];
  return (
    <span
      class="magnifier"
      aria-hidden="true"
      style={{ inlineSize: `${DIAMETER}px`, blockSize: `${DIAMETER}px`, left: `${left}px`, top: `${GAP}px` }}
    >
      <img
        src={url}
        alt=""
        style={{
          inlineSize: `${scale * photo.width}px`,
          blockSize: `${scale * photo.height}px`,
          transform: `translate(${x}px, ${y}px)`,
        }}
      />
    </span>
  );
}
