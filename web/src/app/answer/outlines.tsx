/**
 * Outlines of keys over a photo, with their numbers and kinds.
 *
 * In:    keys; where the photo is in the frame
 * Out:   an SVG of the frame's size; screen readers and the keyboard have the cards instead
 * Needs: layout.ts
 */

import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Size, View } from '../../viewer/zoom';
import { currentLanguage } from '../../words';
import type { StoredKey } from '../storage/entries';
import { idOf } from './changes';
import { type Drawn, layOut, type Numbered, SCREEN, textStart } from './layout';

const RIM = 2.2; // px that the dark rim is wider than the line, so that it stands out on any photo
const SELECTED = 1.6; // times the line of others
const RADIUS = 6; // px of a label's corners

interface OutlinesProps {
  readonly keys: readonly Numbered[];
  readonly view: View;
  readonly frame: Size;
  readonly selected: string | null; // idOf a key
  readonly onSelect: (key: StoredKey) => void;
}

/** The outlines; large ones are below small ones, so that each can be tapped. */
export function Outlines({ keys, view, frame, selected, onSelect }: OutlinesProps): JSX.Element {
  const language = currentLanguage();
  const drawn = useMemo(
    () => layOut(keys, view, frame, SCREEN).sort((one, other) => sizeOf(other) - sizeOf(one)),
    [keys, view.scale, view.x, view.y, frame.width, frame.height, language],
  );
  return (
    <svg class="outlines" viewBox={`0 0 ${frame.width} ${frame.height}`} aria-hidden="true">
      {drawn.map((each) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the cards are the keyboard's way to a key
        <g
          key={idOf(each.key)}
          class={`key ${each.status} ${idOf(each.key) === selected ? 'selected' : ''}`}
          onClick={() => onSelect(each.key)}
        >
          <Outline {...each} width={SCREEN.line * (idOf(each.key) === selected ? SELECTED : 1)} />
        </g>
      ))}
      {drawn.map((each) =>
        each.label ? (
          // biome-ignore lint/a11y/noStaticElementInteractions: as above
          <g
            key={`label ${idOf(each.key)}`}
            class={`label ${each.status} ${idOf(each.key) === selected ? 'selected' : ''}`}
            onClick={() => onSelect(each.key)}
          >
            <LabelOf {...each} label={each.label} />
          </g>
        ) : null,
      )}
    </svg>
  );
}

function Outline({ box, dashes, width }: Drawn & { readonly width: number }): JSX.Element {
  const points = box.map((corner) => corner.map((value) => value.toFixed(1)).join()).join(' ');
  return (
    <>
      <polygon points={points} class="rim" stroke-width={width + RIM} />
      <polygon points={points} class="line" stroke-width={width} stroke-dasharray={dashes.join(' ')} />
    </>
  );
}

function LabelOf({ label, text }: Drawn & { readonly label: NonNullable<Drawn['label']> }): JSX.Element {
  const [x, y] = textStart(label, SCREEN);
  const [start, end] = label.leader ?? [];
  return (
    <>
      {start && end ? <line x1={start[0]} y1={start[1]} x2={end[0]} y2={end[1]} /> : null}
      <rect x={label.x} y={label.y} width={label.width} height={label.height} rx={RADIUS} />
      <text x={x} y={y} font-size={SCREEN.font}>
        {text}
      </text>
    </>
  );
}

function sizeOf({ box: [a, b, c] }: Drawn): number {
  return Math.hypot(b[0] - a[0], b[1] - a[1]) * Math.hypot(c[0] - b[0], c[1] - b[1]);
}
