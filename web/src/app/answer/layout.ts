/**
 * How outlines and labels are laid out, in the page and in a saved image alike.
 *
 * In:    keys in px of the photo; where the photo is in what they are drawn on
 * Out:   Drawn(s), in px of what they are drawn on
 * Needs: core/labels.ts, describe.ts, zoom.ts
 */

import type { Box, Point } from '../../core/geometry';
import { type Label, placeLabels } from '../../core/labels';
import { boundsOf } from '../../core/overlap';
import { type Size, toFrame, type View } from '../../viewer/zoom';
import type { StoredKey } from '../storage/entries';
import { isWhole, type Status, shortText, statusOf } from './describe';

/** How large texts and lines are, px of what they are drawn on. */
export interface Sizes {
  readonly font: number;
  readonly line: number;
}

export const SCREEN: Sizes = { font: 13, line: 2.5 };
const WEIGHT = 650;
const PADDING = 0.55; // of the font size, left and right of a text
const HEIGHT = 1.7; // of the font size
const DASHES = { sure: [], unsure: [3.2, 1.8], nokey: [1, 1.8] } as const; // line widths; legible without colour

/** A key as it is drawn. */
export interface Drawn {
  readonly key: StoredKey;
  readonly status: Status;
  readonly box: Box;
  readonly dashes: readonly number[]; // px
  readonly label: Label | null;
  readonly text: string;
}

/** A key to be drawn. */
export interface Numbered {
  readonly key: StoredKey;
  readonly number: number | null; // null: there is no other key in the photo
  readonly isLabelled: boolean;
}

/** Return the font of labels, as the canvas names it. */
export function fontOf(size: number): string {
  return `${WEIGHT} ${size}px ${getComputedStyle(document.documentElement).fontFamily}`;
}

/** Return each key's outline and label. */
export function layOut(keys: readonly Numbered[], view: View, frame: Size, sizes: Sizes): Drawn[] {
  const shown = keys
    .filter(({ key }) => !isWhole(key))
    .map((each) => ({ ...each, box: boxIn(view, each.key) }));
  const labelled = shown.filter(({ isLabelled, box }) => isLabelled && isIn(box, frame));
  const texts = labelled.map(({ key, number }) => textsOf(shortText(key), number));
  const measure = textMeasure(sizes.font);
  const labels = placeLabels(
    frame,
    labelled.map(({ box }, i) => {
      const [full = '', short = ''] = texts[i] ?? [];
      return { box, full: measure(full), short: measure(short) };
    }),
    1,
  );
  return shown.map(({ key, box }) => {
    const i = labelled.findIndex((each) => each.key === key);
    const label = labels[i] ?? null;
    const text = texts[i]?.[label?.form === 'short' ? 1 : 0] ?? '';
    const status = statusOf(key);
    return { key, status, box, dashes: DASHES[status].map((dash) => dash * sizes.line), label, text };
  });
}

/** Return what a label says, and what it says where there is no room for that. */
function textsOf(kind: string, number: number | null): readonly [full: string, short: string] {
  return number === null ? [kind, kind] : [`${number} ${kind}`, String(number)];
}

/** Return where the baseline of a label's text begins. */
export function textStart(label: Label, { font }: Sizes): Point {
  return [label.x + PADDING * font, label.y + label.height / 2 + 0.36 * font];
}

function boxIn(view: View, { box }: StoredKey): Box {
  const [a, b, c, d] = box;
  return [toFrame(view, a), toFrame(view, b), toFrame(view, c), toFrame(view, d)];
}

/** Return whether a box is in the frame, at least in part. */
function isIn(box: Box, frame: Size): boolean {
  const { x, y, width, height } = boundsOf(box);
  return x < frame.width && y < frame.height && x + width > 0 && y + height > 0;
}

let context: CanvasRenderingContext2D | null = null; // kept, to measure texts

function textMeasure(font: number): (text: string) => Size {
  context ??= document.createElement('canvas').getContext('2d');
  if (context) context.font = fontOf(font);
  return (text) => ({
    width: (context?.measureText(text).width ?? 0) + 2 * PADDING * font,
    height: HEIGHT * font,
  });
}
