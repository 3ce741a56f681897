/**
 * An answer to take along: the photo with its outlines and labels, or its text.
 *
 * In:    a photo of an entry and its keys
 * Out:   a JPEG, redrawn from pixels: no metadata of the file, such as its location, is left; a text
 * Needs: layout.ts, describe.ts
 */

import { isAboutKeys, t } from '../../words';
import type { EntryPhoto, StoredKey } from '../storage/entries';
import { certaintyText } from './certainty';
import { numberOf } from './changes';
import { adviceText, countText, headingText, isCorrected, kindOf, type Status } from './describe';
import { type Drawn, fontOf, layOut, type Sizes, textStart } from './layout';

const FILE_NAMES = { keys: 'keykind.jpg', other: 'photo.jpg' };
const TYPE = 'image/jpeg';
const QUALITY = 0.92;
const FONT_SHARE = 1 / 26; // of the photo's mean side
const MIN_FONT = 11; // px
const LINE_SHARE = 0.19; // of the font size
const RIM_WIDTH = 1.9; // line widths
const RADIUS = 0.45; // of the font size
const TOKENS: Readonly<Record<Status | 'rim', string>> = {
  sure: '--key-sure',
  unsure: '--key-unsure',
  nokey: '--key-none',
  rim: '--behind-photo',
};

/** Return the photo with outlines and labels drawn over it. */
export async function annotatedImage(photo: EntryPhoto, keys: readonly StoredKey[]): Promise<Blob> {
  const bitmap = await createImageBitmap(photo.photo);
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext('2d');
  context?.drawImage(bitmap, 0, 0);
  bitmap.close();
  if (context) draw(context, keys);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, TYPE, QUALITY));
  if (!blob) throw new Error(`the browser could not encode ${canvas.width} x ${canvas.height} px as JPEG`);
  return blob;
}

/** Return the answer as text. */
export function answerAsText(photo: EntryPhoto, keys: readonly StoredKey[], isDark: boolean): string {
  const lines = keys.map((key, i) => {
    const number = numberOf(keys, i);
    return number === null ? lineOf(key) : `${number}. ${lineOf(key)}`;
  });
  return [countText(photo.keys, isDark), ...lines].filter(Boolean).join('\n');
}

/** Return the name of the file of a saved image. */
export function fileName(): string {
  return isAboutKeys() ? FILE_NAMES.keys : FILE_NAMES.other;
}

/** Return whether this browser can share images with other apps. */
export function canShare(): boolean {
  return !!navigator.canShare?.({ files: [new File([new Uint8Array(1)], fileName(), { type: TYPE })] });
}

/** Share an image and a text; it is no error if the user cancels. */
export async function share(blob: Blob, text: string): Promise<void> {
  try {
    await navigator.share({ files: [new File([blob], fileName(), { type: TYPE })], text });
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
  }
}

function lineOf(key: StoredKey): string {
  const heading = headingText(key);
  if (isCorrected(key)) return `${heading}, ${t('answer.yours')}`;
  if (kindOf(key) !== null) return `${heading}, ${certaintyText(key.verdict.probability)}`;
  return key.verdict.isKey ? `${heading}. ${adviceText(key)}` : heading;
}

function draw(context: CanvasRenderingContext2D, keys: readonly StoredKey[]): void {
  const { width, height } = context.canvas;
  const font = Math.max(((width + height) / 2) * FONT_SHARE, MIN_FONT);
  const sizes: Sizes = { font, line: Math.max(LINE_SHARE * font, 1.5) };
  const numbered = keys.map((key, i) => ({ key, number: numberOf(keys, i), isLabelled: true }));
  const drawn = layOut(numbered, { scale: 1, x: 0, y: 0 }, { width, height }, sizes);
  context.lineJoin = 'round';
  context.font = fontOf(font);
  for (const each of drawn) strokeBox(context, each, sizes.line);
  for (const each of drawn) drawLabel(context, each, sizes);
}

function strokeBox(context: CanvasRenderingContext2D, { box, status, dashes }: Drawn, line: number): void {
  context.beginPath();
  for (const [x, y] of box) context.lineTo(x, y);
  context.closePath();
  context.strokeStyle = colourOf('rim');
  context.lineWidth = RIM_WIDTH * line;
  context.stroke();
  context.strokeStyle = colourOf(status);
  context.lineWidth = line;
  context.setLineDash([...dashes]);
  context.stroke();
  context.setLineDash([]);
}

function drawLabel(context: CanvasRenderingContext2D, drawn: Drawn, sizes: Sizes): void {
  const { label, status, text } = drawn;
  if (!label) return;
  if (label.leader) {
    context.beginPath();
    for (const [x, y] of label.leader) context.lineTo(x, y);
    context.strokeStyle = colourOf(status);
    context.stroke();
  }
  context.fillStyle = colourOf(status);
  context.beginPath();
  context.roundRect(label.x, label.y, label.width, label.height, RADIUS * sizes.font);
  context.fill();
  context.fillStyle = colourOf('rim');
  context.fillText(text, ...textStart(label, sizes));
}

/** Return the colour of a design token. */
function colourOf(name: Status | 'rim'): string {
  return getComputedStyle(document.documentElement).getPropertyValue(TOKENS[name]).trim();
}
