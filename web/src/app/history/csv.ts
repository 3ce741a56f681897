/**
 * Answers -> a table with the columns of `keykind predict --out predictions.csv`, and the user's corrections.
 *
 * In:    entries; photos that failed
 * Out:   CSV, a row per key, or per photo without one
 * Needs: nothing
 */

import type { Entry, EntryPhoto, StoredKey } from '../storage/entries';

const CORNERS = ['x1', 'y1', 'x2', 'y2', 'x3', 'y3', 'x4', 'y4'];
const PROBABILITY_DIGITS = 4;
const PIXEL_DIGITS = 1;
const NOT_A_KEY = 'not a key'; // as keykind names it
const FORMULA = /^[=+\-@\t\r]/; // starts of text that spreadsheets calculate; a quotation mark before it prevents that

/** A row's photo: its name, and its answer or why there is none. */
export interface Exported {
  readonly name: string;
  readonly entry: Entry | null;
  readonly error: string;
}

type Value = string | number | null;

/** Return the table. */
export function csvOf(photos: readonly Exported[]): string {
  const kinds = [...new Set(photos.flatMap(({ entry }) => entry?.kinds ?? []))];
  const heading = [
    'photo',
    'kind',
    'reason',
    'probability',
    ...kinds.map((kind) => `p(${kind})`),
    ...CORNERS,
    'error',
    'damaged',
    'correction',
  ];
  const rows = photos.flatMap((photo) => rowsOf(photo, kinds));
  return [heading, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

function rowsOf({ name, entry, error }: Exported, kinds: readonly string[]): Value[][] {
  const rows = (entry?.photos ?? []).flatMap((photo) =>
    photo.keys
      .filter(({ verdict, correction }) => verdict.isKey || correction !== undefined)
      .map((key) => rowOf(name, key, photo, kinds)),
  );
  if (rows.length) return rows;
  const blank = Array<Value>(3 + kinds.length + CORNERS.length).fill(null);
  return [[name, ...blank, error || null, null, null]];
}

/** Return the row of a key: the model's answer in keykind's columns, the user's in the last. */
function rowOf(name: string, key: StoredKey, photo: EntryPhoto, kinds: readonly string[]): Value[] {
  const { isKey, kind, reason, probability, probabilities } = key.verdict;
  const byKind = new Map(probabilities.map((one) => [one.kind, one.probability]));
  const scale = (photo.originalWidth ?? photo.width) / photo.width;
  return [
    name,
    isKey ? kind : null,
    isKey ? reason : null,
    rounded(probability, PROBABILITY_DIGITS),
    ...kinds.map((each) => rounded(byKind.get(each) ?? 0, PROBABILITY_DIGITS)),
    ...key.box.flat().map((pixels) => rounded(pixels * scale, PIXEL_DIGITS)),
    null,
    null,
    key.correction === undefined ? null : key.correction || NOT_A_KEY,
  ];
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** Return a value as a field: no formula for a spreadsheet, quoted where commas, quotes or line ends need it. */
function field(value: Value): string {
  const isFormula = typeof value === 'string' && FORMULA.test(value);
  const text = isFormula ? `'${value}` : String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
