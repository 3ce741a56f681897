/**
 * Outlines of keys over a photo or a camera frame.
 *
 * In:    places and verdicts, in pixels of the photo
 * Out:   an SVG of the photo's size
 * Needs: describe.ts
 */

import type { JSX } from 'preact';
import type { Place } from '../../engine/protocol';
import { type Answered, answerText, isWhole, statusOf } from './describe';

const FONT_SHARE = 1 / 18; // of the photo's shorter side
const LINE_SHARE = 1 / 150;

interface OutlinesProps {
  readonly size: { readonly width: number; readonly height: number };
  readonly keys: readonly (Place & Answered)[];
  readonly onOpen?: (index: number) => void;
}

/** The outlines. */
export function Outlines({ size, keys, onOpen }: OutlinesProps): JSX.Element {
  const side = Math.min(size.width, size.height);
  return (
    <svg class="outlines" viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
      {keys.map((key, i) => {
        if (isWhole(key)) return null;
        const points = key.box.map((corner) => corner.join()).join(' ');
        const [x, y] = [Math.min(...key.box.map(([px]) => px)), Math.min(...key.box.map(([, py]) => py))];
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list of answers is the keyboard's way to a key
          <g class={`key ${statusOf(key)}`} onClick={() => onOpen?.(i)}>
            <polygon points={points} class="rim" stroke-width={2.2 * side * LINE_SHARE} />
            <polygon points={points} class="line" stroke-width={side * LINE_SHARE} />
            <text x={x} y={Math.max(y, side * FONT_SHARE)} font-size={side * FONT_SHARE}>
              {`${i + 1} ${answerText(key)}`}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
