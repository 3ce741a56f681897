/**
 * Keys -> their outlines over a picture, each along its box, with a number and the answer.
 *
 * In:    SeenKey(s), in pixels of the picture
 * Out:   a drawing as large as the picture; the same on a canvas, to save
 * Needs: answers.ts
 */

import type { SeenKey } from '../engine/protocol';
import { answerOf, sortOf } from './answers';
import { svg } from './dom';

const LETTERS = 18; // so many letters' heights fit into the picture's shorter side
const LINE = 150; // and so many line widths
const FEW = 3; // keys; the labels of more are smaller
const MANY = 0.7;
const WIDE = 0.58; // width of a letter, as a share of its height, about
const LEADING = 1.15; // lines, as a share of their letters
const SHIFTS = [0, 1, 2, -1, 3, -2, 4]; // lines by which a label may move out of another's way
const INK = { sure: '#35e08a', unsure: '#ffc247', nokey: '#d7dbe0' } as const; // bright, with a dark rim
const RIM = '#10151b';
const DASHES = { sure: [], unsure: [4, 2], nokey: [1, 2] } as const; // line widths; told without colour, too

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Return an empty drawing of a picture of that size. */
export function drawing(width: number, height: number): SVGSVGElement {
  return svg('svg', { class: 'outlines', viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' });
}

/** Draw the outlines of keys; `opened` is called with the number of one that is touched. */
export function drawInto(
  over: SVGSVGElement,
  size: Size,
  keys: readonly SeenKey[],
  opened?: (key: number) => void,
): void {
  over.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`);
  const { letters, line } = sizesOf(size, keys.length);
  const labels = labelsOf(keys, size, letters);
  over.replaceChildren(
    ...keys.map((key, number) => {
      const sort = sortOf(key);
      const points = key.box.map((corner) => corner.join()).join(' ');
      const dashes = DASHES[sort].map((dash) => dash * line).join(' ');
      const { x, y, words } = labels[number] as Label;
      const group = svg(
        'g',
        { class: `key ${sort}` },
        svg('polygon', { points, class: 'rim', 'stroke-width': 2.2 * line }),
        svg('polygon', { points, class: 'line', 'stroke-width': line, 'stroke-dasharray': dashes || null }),
        svg('text', { x, y, 'font-size': letters, 'stroke-width': letters / 4 }, words),
      );
      if (opened) group.addEventListener('click', () => opened(number));
      return group;
    }),
  );
}

/** Draw the same on a canvas that shows the picture at `scale`. */
export function drawOn(canvas: HTMLCanvasElement, keys: readonly SeenKey[], scale: number): void {
  const pen = canvas.getContext('2d');
  if (!pen) return;
  const { letters, line } = sizesOf(canvas, keys.length);
  const labels = labelsOf(
    keys,
    { width: canvas.width / scale, height: canvas.height / scale },
    letters / scale,
  );
  pen.lineJoin = 'round';
  pen.font = `600 ${letters}px system-ui, sans-serif`;
  keys.forEach((key, number) => {
    const sort = sortOf(key);
    pen.beginPath();
    for (const [x, y] of key.box) pen.lineTo(x * scale, y * scale);
    pen.closePath();
    for (const [colour, wide, dashes] of [
      [RIM, 2.2, []],
      [INK[sort], 1, DASHES[sort]],
    ] as const) {
      pen.strokeStyle = colour;
      pen.lineWidth = wide * line;
      pen.setLineDash(dashes.map((dash) => dash * line));
      pen.stroke();
    }
    pen.setLineDash([]);
    const { x, y, words } = labels[number] as Label;
    pen.strokeStyle = RIM;
    pen.lineWidth = letters / 4;
    pen.strokeText(words, x * scale, y * scale);
    pen.fillStyle = INK[sort];
    pen.fillText(words, x * scale, y * scale);
  });
}

/** Where a label stands: its lower left corner. */
interface Label {
  readonly x: number;
  readonly y: number;
  readonly words: string;
}

function sizesOf({ width, height }: Size, count: number): { letters: number; line: number } {
  const short = Math.min(width, height) * (count > FEW ? MANY : 1);
  return { letters: short / LETTERS, line: Math.max(short / LINE, 1) };
}

/** Return the labels of keys, none over another where there is room; where there is none, the number alone. */
function labelsOf(keys: readonly SeenKey[], size: Size, letters: number): Label[] {
  const labels: Label[] = [];
  keys.forEach((key, number) => {
    const whole = `${number + 1} ${answerOf(key)}`;
    const free = [whole, String(number + 1)]
      .flatMap((words) => SHIFTS.map((shift) => labelAt(key, words, size, letters, shift)))
      .find((label) => labels.every((other) => areApart(label, other, letters)));
    labels.push(free ?? labelAt(key, String(number + 1), size, letters, 0));
  });
  return labels;
}

/** Return a label above its key's highest corner, so many lines lower, inside the picture. */
function labelAt(
  { box }: SeenKey,
  words: string,
  { width, height }: Size,
  letters: number,
  lines: number,
): Label {
  const left = Math.min(...box.map(([x]) => x));
  const top = Math.min(...box.map(([, y]) => y)) - letters / 2 + lines * LEADING * letters;
  const x = Math.max(Math.min(left, width - longOf(words, letters)), letters / 4);
  return { x, y: Math.min(Math.max(top, 1.1 * letters), height - letters / 2), words };
}

function areApart(one: Label, other: Label, letters: number): boolean {
  const below = Math.abs(one.y - other.y) >= LEADING * letters;
  return (
    below || one.x >= other.x + longOf(other.words, letters) || other.x >= one.x + longOf(one.words, letters)
  );
}

function longOf(words: string, letters: number): number {
  return (words.length + 1) * WIDE * letters;
}
