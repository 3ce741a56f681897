/**
 * A model file -> its network and its model card.
 *
 * In:    the file's bytes: a TFLite flatbuffer, followed by a zip with labels.txt and card.json
 * Out:   ModelFile: flatbuffer and validated card; an Error that names what is wrong
 * Needs: constants.json
 *
 * The file comes from the app's own origin, so these checks are for damaged files and other versions. model.py,
 * which reads untrusted files, checks more.
 */

import constants from './constants.json';

const { SCHEMA, SIZE, WHOLE, KEY } = constants.card;
const { CARD, MAX_ZIP } = constants.model;

/** What the app uses of a model card. */
export interface Card {
  readonly kinds: readonly string[]; // in the order of the probabilities
  readonly keykind: string; // the version that wrote the file
  readonly precision: string;
  readonly crop: string; // "whole": the photo; "key": an oriented crop, head left and tip right
  readonly confidenceThreshold: number; // below it the answer is "not sure"
  readonly oodThreshold: number | null; // above it the crop does not show a key; null: never
  readonly maps: boolean; // whether the network outputs class maps
  readonly licence: string; // empty if the card does not name one
}

/** The two parts of a model file. */
export interface ModelFile {
  readonly flatbuffer: Uint8Array<ArrayBuffer>;
  readonly card: Card;
}

/** An entry of the zip. */
interface ZipEntry {
  readonly name: string;
  readonly start: number; // offset of its local header
  readonly body: Uint8Array<ArrayBuffer>;
}

const CENTRAL_HEADER = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_RECORD = 0x06054b50;
const END_RECORD_BYTES = 22;

/** Return the network and card of a model file. Throws an Error if the file is not one. */
export async function readModel(bytes: Uint8Array<ArrayBuffer>): Promise<ModelFile> {
  const entries = zipEntries(bytes);
  const entry = entries.find(({ name }) => name === CARD);
  if (!entry) throw new Error(`the model file has no ${CARD} at its end: it is cut off, or is no model file`);
  const json: unknown = JSON.parse(new TextDecoder().decode(entry.body));
  const flatbuffer = bytes.subarray(0, Math.min(...entries.map(({ start }) => start)));
  const { card, sha256 } = parseCard(json);
  const hash = await sha256Of(flatbuffer);
  if (hash !== null && hash !== sha256)
    throw new Error('the model file is damaged: its sha256 does not match');
  return { flatbuffer, card };
}

function parseCard(json: unknown): { card: Card; sha256: string } {
  const fields = json as Record<string, unknown>;
  const text = (key: string): string => requireField(fields, key, (value) => typeof value === 'string');
  const schema = requireField<number>(fields, 'schema', Number.isInteger);
  if (schema > SCHEMA)
    throw new Error(`the model file has schema ${schema}; this app reads up to ${SCHEMA}: update the app`);
  requireField(fields, 'size', (value) => value === SIZE);
  requireField(fields, 'resize', (value) => value === constants.decode.RESIZE);
  const about = (fields['about'] ?? {}) as Record<string, unknown>;
  const card = {
    kinds: requireField<string[]>(fields, 'kinds', (value) => Array.isArray(value) && value.length > 1),
    keykind: text('keykind'),
    precision: text('precision'),
    crop: requireField<string>(fields, 'crop', (value) => value === WHOLE || value === KEY),
    confidenceThreshold: requireField<number>(fields, 'least_probability', Number.isFinite),
    oodThreshold: requireField<number | null>(
      fields,
      'most_novelty',
      (value) => value === null || Number.isFinite(value),
    ),
    maps: requireField<boolean>(fields, 'maps', (value) => typeof value === 'boolean'),
    licence: typeof about['licence'] === 'string' ? about['licence'] : '',
  };
  return { card, sha256: text('sha256') };
}

function requireField<T>(
  fields: Record<string, unknown>,
  key: string,
  isValid: (value: unknown) => boolean,
): T {
  const value = fields[key];
  if (!isValid(value))
    throw new Error(`the model file's card has ${key} = ${JSON.stringify(value)}, which this app cannot use`);
  return value as T;
}

/** Return the entries of the zip at the end of a file; none if it is missing or incomplete. */
function zipEntries(bytes: Uint8Array<ArrayBuffer>): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - END_RECORD_BYTES; // keykind writes no zip comment
  if (end < 0 || view.getUint32(end, true) !== END_RECORD) return [];
  const entries: ZipEntry[] = [];
  let offset = view.getUint32(end + 16, true);
  if (bytes.length - offset > MAX_ZIP) return [];
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (offset + 46 > end || view.getUint32(offset, true) !== CENTRAL_HEADER) return [];
    const [size, nameLength] = [view.getUint32(offset + 24, true), view.getUint16(offset + 28, true)];
    const start = view.getUint32(offset + 42, true);
    const name = new TextDecoder().decode(bytes.subarray(offset + 46, offset + 46 + nameLength));
    if (start + 30 > end || view.getUint32(start, true) !== LOCAL_HEADER || view.getUint16(start + 8, true))
      return [];
    const body = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
    entries.push({ name, start, body: bytes.subarray(body, body + size) });
    offset += 46 + nameLength + view.getUint16(offset + 30, true) + view.getUint16(offset + 32, true);
  }
  return entries;
}

/** Return the sha256 of bytes in hex; null in an insecure context, where browsers offer no hashing. */
async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return null;
  const hash = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
