/**
 * Outlines of keys over a photo, with their numbers and answers.
 *
 * In:    KeyResult(s), in pixels of the photo
 * Out:   an SVG of the photo's size; the same on a canvas, for saving
 * Needs: describe.ts
 */

import type { KeyResult } from '../engine/protocol';
import { answerText, isWhole, statusOf } from './describe';
import { svg } from './dom';

const FONT_SHARE = 1 / 18; // of the photo's shorter side
const LINE_SHARE = 1 / 150;
const MANY = 4; // from this number of keys on, labels and lines are smaller
const SMALLER = 0.7;
const CHARACTER_WIDTH = 0.58; // of the font size, on average
const LINE_HEIGHT = 1.15; // of the font size
const SHIFTS = [0, 1, 2, -1, 3, -2, 4]; // lines by which a label may move to avoid others
const COLOURS = { sure: '#35e08a', unsure: '#ffc247', nokey: '#d7dbe0' } as const;
const RIM = '#10151b'; // dark, so that the colours stand out on any photo
const RIM_WIDTH = 2.2; // line widths
const DASHES = { sure: [], unsure: [4, 2], nokey: [1, 2] } as const; // line widths; legible without colour

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Position of a label: the start of its baseline. */
interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** Return an empty SVG for a photo of this size. */
export function createOutlines(width: number, height: number): SVGSVGElement {
  return svg('svg', { class: 'outlines', viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' });
}

/** Draw the outlines; `onOpen` gets the index of a key that is tapped. */
export function drawOutlines(
  outlines: SVGSVGElement,
  size: Size,
  keys: readonly KeyResult[],
  onOpen?: (index: number) => void,
): void {
  outlines.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`);
  const { fontSize, lineWidth } = sizesFor(size, keys.length);
  const labels = placeLabels(keys, size, fontSize);
  outlines.replaceChildren(
    ...keys.map((key, i) => {
      if (isWhole(key)) return '';
      const status = statusOf(key);
      const points = key.box.map((corner) => corner.join()).join(' ');
      const dashes = DASHES[status].map((dash) => dash * lineWidth).join(' ') || null;
      const { x, y, text } = labels[i] as Label;
      const group = svg(
        'g',
        { class: `key ${status}` },
        svg('polygon', { points, class: 'rim', 'stroke-width': RIM_WIDTH * lineWidth }),
        svg('polygon', { points, class: 'line', 'stroke-width': lineWidth, 'stroke-dasharray': dashes }),
        svg('text', { x, y, 'font-size': fontSize, 'stroke-width': fontSize / 4 }, text),
      );
      if (onOpen) group.addEventListener('click', () => onOpen(i));
      return group;
    }),
  );
}

/** Draw the same on a canvas that shows the photo at `scale`. */
export function drawOnCanvas(canvas: HTMLCanvasElement, keys: readonly KeyResult[], scale: number): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const { fontSize, lineWidth } = sizesFor(canvas, keys.length);
  const size = { width: canvas.width / scale, height: canvas.height / scale };
  const labels = placeLabels(keys, size, fontSize / scale);
  context.lineJoin = 'round';
  context.font = `600 ${fontSize}px system-ui, sans-serif`;
  keys.forEach((key, i) => {
    const status = statusOf(key);
    if (!isWhole(key)) strokeBox(context, key, scale, lineWidth);
    const { x, y, text } = labels[i] as Label;
    context.strokeStyle = RIM;
    context.lineWidth = fontSize / 4;
    context.strokeText(text, x * scale, y * scale);
    context.fillStyle = COLOURS[status];
    context.fillText(text, x * scale, y * scale);
  });
}

function strokeBox(
  context: CanvasRenderingContext2D,
  key: KeyResult,
  scale: number,
  lineWidth: number,
): void {
  const status = statusOf(key);
  context.beginPath();
  for (const [x, y] of key.box) context.lineTo(x * scale, y * scale);
  context.closePath();
  for (const [colour, width, dashes] of [
    [RIM, RIM_WIDTH, []],
    [COLOURS[status], 1, DASHES[status]],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width * lineWidth;
    context.setLineDash(dashes.map((dash) => dash * lineWidth));
    context.stroke();
  }
  context.setLineDash([]);
}

function sizesFor({ width, height }: Size, count: number): { fontSize: number; lineWidth: number } {
  const side = Math.min(width, height) * (count >= MANY ? SMALLER : 1);
  return { fontSize: side * FONT_SHARE, lineWidth: Math.max(side * LINE_SHARE, 1) };
}

/** Return labels that do not overlap, where there is room; where there is none, the number alone. */
function placeLabels(keys: readonly KeyResult[], size: Size, fontSize: number): Label[] {
  const labels: Label[] = [];
  keys.forEach((key, i) => {
    const number = String(i + 1);
    const texts = isWhole(key) ? [answerText(key)] : [`${number} ${answerText(key)}`, number];
    const free = texts
      .flatMap((text) => SHIFTS.map((shift) => labelAt(key, text, size, fontSize, shift)))
      .find((label) => labels.every((other) => areSeparate(label, other, fontSize)));
    labels.push(free ?? labelAt(key, number, size, fontSize, 0));
  });
  return labels;
}

/** Return a label above its key, moved down by some lines, and kept inside the photo. */
function labelAt(
  { box }: KeyResult,
  text: string,
  { width, height }: Size,
  fontSize: number,
  lines: number,
): Label {
  const left = Math.min(...box.map(([x]) => x));
  const baseline = Math.min(...box.map(([, y]) => y)) - fontSize / 2 + lines * LINE_HEIGHT * fontSize;
  const x = Math.max(Math.min(left, width - textWidth(text, fontSize)), fontSize / 4);
  return { x, y: Math.min(Math.max(baseline, 1.1 * fontSize), height - fontSize / 2), text };
}

function areSeparate(label: Label, other: Label, fontSize: number): boolean {
  return (
    Math.abs(label.y - other.y) >= LINE_HEIGHT * fontSize ||
    label.x >= other.x + textWidth(other.text, fontSize) ||
    other.x >= label.x + textWidth(label.text, fontSize)
  );
}

function textWidth(text: string, fontSize: number): number {
  return (text.length + 1) * CHARACTER_WIDTH * fontSize;
}
