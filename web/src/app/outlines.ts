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
const INK = { sure: '#35e08a', unsure: '#ffc247', nokey: '#d7dbe0' } as const; // bright, with a dark rim
const RIM = '#10151b';
const DASHES = { sure: [], unsure: [4, 2], nokey: [1, 2] } as const; // line widths; told without colour, too

/** Return an empty drawing of a picture of that size. */
export function drawing(width: number, height: number): SVGSVGElement {
  return svg('svg', { class: 'outlines', viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' });
}

/** Draw the outlines of keys; `opened` is called with the number of one that is touched. */
export function drawInto(
  over: SVGSVGElement,
  size: { readonly width: number; readonly height: number },
  keys: readonly SeenKey[],
  opened?: (key: number) => void,
): void {
  over.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`);
  const { letters, line } = sizesOf(size);
  over.replaceChildren(
    ...keys.map((key, number) => {
      const sort = sortOf(key);
      const points = key.box.map((corner) => corner.join()).join(' ');
      const dashes = DASHES[sort].map((dash) => dash * line).join(' ');
      const [x, y] = labelPlace(key, size, letters);
      const group = svg(
        'g',
        { class: `key ${sort}` },
        svg('polygon', { points, class: 'rim', 'stroke-width': 2.2 * line }),
        svg('polygon', { points, class: 'line', 'stroke-width': line, 'stroke-dasharray': dashes || null }),
        svg('text', { x, y, 'font-size': letters, 'stroke-width': letters / 4 }, labelOf(key, number)),
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
  const { letters, line } = sizesOf(canvas);
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
    const size = { width: canvas.width / scale, height: canvas.height / scale };
    const [x, y] = labelPlace(key, size, letters / scale);
    pen.strokeStyle = RIM;
    pen.lineWidth = letters / 4;
    pen.strokeText(labelOf(key, number), x * scale, y * scale);
    pen.fillStyle = INK[sort];
    pen.fillText(labelOf(key, number), x * scale, y * scale);
  });
}

function labelOf(key: SeenKey, number: number): string {
  return `${number + 1} ${answerOf(key)}`;
}

function sizesOf({ width, height }: { readonly width: number; readonly height: number }) {
  const short = Math.min(width, height);
  return { letters: short / LETTERS, line: Math.max(short / LINE, 1) };
}

/** Return where a key's label begins: above its highest corner, inside the picture. */
function labelPlace(
  { box }: SeenKey,
  { width, height }: { readonly width: number; readonly height: number },
  letters: number,
): readonly [number, number] {
  const left = Math.min(...box.map(([x]) => x));
  const top = Math.min(...box.map(([, y]) => y));
  const long = 9 * letters; // about the length of a label
  return [
    Math.max(Math.min(left, width - long), letters / 4),
    Math.min(Math.max(top - letters / 2, 1.1 * letters), height - letters / 2),
  ];
}
