/**
 * A model file -> its network, and what it says of itself.
 *
 * In:    the file's bytes: a TFLite flatbuffer and, behind it, a zip of labels.txt and card.json
 * Out:   Model: flatbuffer and card, checked; or an error that says what is wrong
 * Needs: constants.json
 *
 * The file comes from the app's own origin, so this finds damage and files of another version; model.py, which
 * reads files from anyone, checks more.
 */

import constants from './constants.json';

const { SCHEMA, SIZE, WHOLE, KEY } = constants.card;
const { CARD, MAX_ZIP } = constants.model;

/** What a model file says of itself. */
export interface Card {
  readonly kinds: readonly string[]; // in the order of the probabilities
  readonly keykind: string; // the version that wrote it
  readonly precision: string;
  readonly crop: string; // whole: the photo; key: one key, head left and tip right
  readonly leastProbability: number; // of the best kind; below it the answer is "not sure"
  readonly mostNovelty: number | null; // above it the photo shows no key
  readonly maps: boolean; // whether there are class maps
  readonly licence: string; // empty: not told
}

/** A model file, taken apart. */
export interface ModelFile {
  readonly flatbuffer: Uint8Array<ArrayBuffer>;
  readonly card: Card;
}

/** A member of the zip. */
interface Member {
  readonly name: string;
  readonly start: number; // of its local header
  readonly body: Uint8Array<ArrayBuffer>;
}

const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END = 0x06054b50;
const END_BYTES = 22;

/** Return a model file's network and card. Throws an Error for what is none. */
export async function readModel(bytes: Uint8Array<ArrayBuffer>): Promise<ModelFile> {
  const members = membersOf(bytes);
  const found = members.find((member) => member.name === CARD);
  if (!found) throw new Error(`the model file has no ${CARD} at its end, or is cut off`);
  const told: unknown = JSON.parse(new TextDecoder().decode(found.body));
  const flatbuffer = bytes.subarray(0, Math.min(...members.map((member) => member.start)));
  const { card, sha256 } = cardOf(told);
  const hash = await digest(flatbuffer);
  if (hash !== null && hash !== sha256) throw new Error('the model file is damaged: its sha256 is another');
  return { flatbuffer, card };
}

function cardOf(told: unknown): { card: Card; sha256: string } {
  const entries = told as Record<string, unknown>;
  const text = (key: string): string => need(entries, key, (value) => typeof value === 'string');
  const schema = need<number>(entries, 'schema', Number.isInteger);
  if (schema > SCHEMA) throw new Error(`the model file has schema ${schema}; this app reads ${SCHEMA}`);
  need(entries, 'size', (value) => value === SIZE);
  need(entries, 'resize', (value) => value === constants.decode.RESIZE);
  const about = (entries['about'] ?? {}) as Record<string, unknown>;
  const card = {
    kinds: need<string[]>(entries, 'kinds', (value) => Array.isArray(value) && value.length > 1),
    keykind: text('keykind'),
    precision: text('precision'),
    crop: need<string>(entries, 'crop', (value) => value === WHOLE || value === KEY),
    leastProbability: need<number>(entries, 'least_probability', Number.isFinite),
    mostNovelty: need<number | null>(entries, 'most_novelty', (one) => one === null || Number.isFinite(one)),
    maps: need<boolean>(entries, 'maps', (value) => typeof value === 'boolean'),
    licence: typeof about['licence'] === 'string' ? about['licence'] : '',
  };
  return { card, sha256: text('sha256') };
}

function need<T>(entries: Record<string, unknown>, key: string, good: (value: unknown) => boolean): T {
  if (!good(entries[key])) throw new Error(`the model file has a card whose ${key} this app cannot use`);
  return entries[key] as T;
}

/** Return the members of the zip at the end of a file; none where there is no whole one. */
function membersOf(bytes: Uint8Array<ArrayBuffer>): Member[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - END_BYTES; // keykind writes no comment behind it
  if (end < 0 || view.getUint32(end, true) !== END) return [];
  const members: Member[] = [];
  let place = view.getUint32(end + 16, true);
  if (bytes.length - place > MAX_ZIP) return [];
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (place + 46 > end || view.getUint32(place, true) !== CENTRAL) return [];
    const [size, long] = [view.getUint32(place + 24, true), view.getUint16(place + 28, true)];
    const start = view.getUint32(place + 42, true);
    const name = new TextDecoder().decode(bytes.subarray(place + 46, place + 46 + long));
    if (start + 30 > end || view.getUint32(start, true) !== LOCAL || view.getUint16(start + 8, true))
      return [];
    const body = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
    members.push({ name, start, body: bytes.subarray(body, body + size) });
    place += 46 + long + view.getUint16(place + 30, true) + view.getUint16(place + 32, true);
  }
  return members;
}

/** Return the sha256 of bytes; null where the page is not secure and the browser tells none. */
async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return null;
  const hash = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
