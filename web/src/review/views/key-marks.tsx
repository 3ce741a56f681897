/**
 * The keys of a photo, drawn over it: a ring at the head, an arrow at the tip.
 *
 * In:    keys in px of the photo; where the photo is in the frame
 * Out:   an SVG of the frame's size
 * Needs: viewer/zoom.ts
 */

import type { JSX } from 'preact';
import type { Point } from '../../core/geometry';
import { type Size, toFrame, type View } from '../../viewer/zoom';
import type { MarkedKey, Photo } from '../api';
import { canMark, draftOf } from '../state/draft';
import { kindName } from '../words';

const HEAD = 8; // px, radius of the ring
const TIP = 13; // px, length of the arrow
const TEXT = 12; // px from the head to the text

interface KeyMarksProps {
  readonly photo: Photo;
  readonly view: View;
  readonly frame: Size;
}

/** The keys that a person has marked, else those that were detected. */
export function KeyMarks({ photo, view, frame }: KeyMarksProps): JSX.Element | null {
  const { keys } = draftOf(photo);
  if (!keys.length || !canMark(photo)) return null;
  return <Marks keys={keys} selected={null} isMarked={photo.ends !== null} view={view} frame={frame} />;
}

interface MarksProps {
  readonly keys: readonly MarkedKey[];
  readonly selected: number | null;
  readonly isMarked: boolean; // by a person
  readonly view: View;
  readonly frame: Size;
}

/** Keys. */
export function Marks({ keys, selected, isMarked, view, frame }: MarksProps): JSX.Element {
  return (
    <svg class="marks" viewBox={`0 0 ${frame.width} ${frame.height}`} aria-hidden="true">
      {keys.map((key, i) => (
        <g key={i} class={`mark ${isMarked ? 'marked' : 'detected'} ${i === selected ? 'selected' : ''}`}>
          <Mark head={toFrame(view, key.head)} tip={toFrame(view, key.tip)} kind={key.kind} />
        </g>
      ))}
    </svg>
  );
}

interface MarkProps {
  readonly head: Point;
  readonly tip: Point;
  readonly kind: string | null;
}

function Mark({ head, tip, kind }: MarkProps): JSX.Element {
  const [dx, dy] = [tip[0] - head[0], tip[1] - head[1]];
  const length = Math.max(Math.hypot(dx, dy), 1);
  const along: Point = [dx / length, dy / length];
  const start: Point = [head[0] + HEAD * along[0], head[1] + HEAD * along[1]];
  const line = {
    x1: start[0],
    y1: start[1],
    x2: tip[0] - 0.6 * TIP * along[0],
    y2: tip[1] - 0.6 * TIP * along[1],
  };
  const arrow = arrowAt(tip, along);
  return (
    <>
      <g class="rim">
        <line {...line} />
        <circle cx={head[0]} cy={head[1]} r={HEAD} />
        <polygon points={arrow} />
      </g>
      <g class="line">
        <line {...line} />
        <circle cx={head[0]} cy={head[1]} r={HEAD} />
        <polygon class="arrow" points={arrow} />
      </g>
      {kind ? (
        <text x={head[0] + TEXT} y={head[1] - TEXT}>
          {kindName(kind)}
        </text>
      ) : null}
    </>
  );
}

function arrowAt([x, y]: Point, [dx, dy]: Point): string {
  const [bx, by] = [x - TIP * dx, y - TIP * dy];
  const half = 0.5 * TIP;
  return [
    [x, y],
    [bx - half * dy, by + half * dx],
    [bx + half * dy, by - half * dx],
  ]
    .map((corner) => corner.map((value) => value.toFixed(1)).join())
    .join(' ');
}
