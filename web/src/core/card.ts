/**
 * A model file -> its network and its model card.
 *
 * In:    the file's bytes: a TFLite flatbuffer, followed by a zip with labels.txt and card.json
 * Out:   ModelFile: flatbuffer and validated card; a ModelError that names what is wrong
 * Needs: constants.json, flatbuffer.ts
 *
 * The file may come from anywhere: it is checked as in model/model.py and model/card.py, except for the form of the JSON.
 * Texts of the card are for text nodes only.
 */

import constants from './constants.json';
import { checkNetwork } from './flatbuffer';
import { ModelError } from './model-error';

const { SCHEMA, SIZE, WHOLE, KEY, PRECISIONS, VIEWS, SUBJECT, LABELS, CARD } = constants.card;
const { WITHOUT_FEATURES, MAX_FEATURES, MAX_KINDS, MAX_NAME, MAX_TEMPERATURE, MAX_OOD_THRESHOLD } =
  constants.card;
const { MAX_BYTES } = constants.model;
const { MAX_ZIP } = constants.appended_zip;
const IDENTIFIER = 'TFL3'; // bytes 4 to 7 of a TFLite file
const PRINTABLE = /^(?:[^\p{C}\p{Z}]| )+$/u; // no control or formatting characters

/** What the app uses of a model card. */
export interface Card {
  readonly kinds: readonly string[]; // in the order of the probabilities
  readonly keykind: string; // the version that wrote the file
  readonly precision: string;
  readonly crop: string; // "whole": the photo; "key": an oriented crop, head left and tip right
  readonly confidenceThreshold: number; // below it the answer is "not sure"
  readonly oodThreshold: number | null; // above it the crop does not show a key; null: never
  readonly maps: boolean; // whether the network outputs class maps
  readonly features: number | null; // numbers that describe the appearance of a crop; null: no such output
  readonly network: string; // SHA-256 of the network: features of different networks do not compare
  readonly licence: string; // empty if the card does not name one
  readonly ofKeys: boolean; // whether the classes are kinds of keys; otherwise no text mentions keys
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

/** Return whether bytes start like a TFLite file; eight are enough. */
export function isModelFile(bytes: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(bytes.subarray(4, 8)) === IDENTIFIER;
}

/** Return the network and card of a model file. Throws ModelError if the file is not one that this app can run. */
export async function readModel(bytes: Uint8Array<ArrayBuffer>): Promise<ModelFile> {
  const count = bytes.length;
  if (count > MAX_BYTES) throw new ModelError('tooLarge', `${count} bytes, more than ${MAX_BYTES}`);
  if (!isModelFile(bytes))
    throw new ModelError('notModel', `${count} bytes that do not start like a TFLite file`);
  const entries = zipEntries(bytes);
  const [labels, entry] = entries;
  if (entries.length !== 2 || labels?.name !== LABELS || entry?.name !== CARD)
    throw new ModelError('noCard', `no ${CARD} at its end (${count} bytes)`);
  const flatbuffer = bytes.subarray(0, labels.start);
  const fields = fieldsOf(entry.body);
  const card = parseCard(fields);
  await checkHash(fields, 'sha256', flatbuffer);
  await checkHash(fields, 'labels_sha256', labels.body);
  if (new TextDecoder().decode(labels.body) !== card.kinds.map((kind) => `${kind}\n`).join(''))
    throw new ModelError('damaged', `${LABELS} does not list the classes of ${CARD}`);
  checkNetwork(flatbuffer, card);
  return { flatbuffer, card };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(json: Uint8Array): Fields {
  try {
    const fields: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
    if (typeof fields === 'object' && fields !== null) return fields as Fields;
  } catch {
    // As for JSON that is no object.
  }
  throw new ModelError('damaged', `${CARD} cannot be read`);
}

function parseCard(fields: Fields): Card {
  const schema = requireField<number>(fields, 'schema', Number.isInteger);
  if (schema > SCHEMA) throw new ModelError('newer', `schema ${schema}; this app reads up to ${SCHEMA}`);
  requireField(fields, 'size', (value) => value === SIZE);
  requireField(fields, 'resize', (value) => value === constants.decode.RESIZE);
  requireField(fields, 'view', (value) => VIEWS.includes(value as string));
  requireField(fields, 'temperature', (value) => isNumber(value, 0, MAX_TEMPERATURE));
  const about = requireField<Fields>(fields, 'about', (value) => typeof value === 'object' && value !== null);
  const licence = about['licence'];
  const crop = requireField<string>(fields, 'crop', (value) => value === WHOLE || value === KEY);
  return {
    kinds: requireField<string[]>(fields, 'kinds', areKinds),
    keykind: requireField<string>(fields, 'keykind', isText),
    precision: requireField<string>(fields, 'precision', (value) => PRECISIONS.includes(value as string)),
    crop,
    confidenceThreshold: requireField<number>(fields, 'least_probability', (value) => isNumber(value, 0, 1)),
    oodThreshold: requireField<number | null>(
      fields,
      'most_novelty',
      (value) => value === null || isNumber(value, -MAX_OOD_THRESHOLD, MAX_OOD_THRESHOLD),
    ),
    maps: requireField<boolean>(fields, 'maps', (value) => typeof value === 'boolean'),
    features: schema === WITHOUT_FEATURES ? null : requireField<number>(fields, 'features', isFeatureCount),
    network: requireField<string>(fields, 'sha256', isText),
    licence: isText(licence) ? (licence as string) : '',
    ofKeys: crop === KEY || about[SUBJECT] === KEY,
  };
}

function areKinds(value: unknown): boolean {
  if (!Array.isArray(value) || value.length < 2 || value.length > MAX_KINDS) return false;
  return value.every((kind) => isText(kind) && kind.trim() !== '') && new Set(value).size === value.length;
}

function isFeatureCount(value: unknown): boolean {
  return Number.isInteger(value) && isNumber(value, 1, MAX_FEATURES);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && [...value].length <= MAX_NAME && PRINTABLE.test(value);
}

function isNumber(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

function requireField<T>(fields: Fields, key: string, isValid: (value: unknown) => boolean): T {
  const value = fields[key];
  if (isValid(value)) return value as T;
  const text = (JSON.stringify(value) ?? 'nothing').slice(0, 60).replace(/[^ -~]/g, '?');
  throw new ModelError('card', `${key} is ${text}`);
}

async function checkHash(fields: Fields, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const hash = await sha256Of(bytes);
  if (hash !== null && hash !== fields[key]) throw new ModelError('damaged', `its ${key} does not match`);
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
    const isStored = start + 30 <= end && view.getUint32(start, true) === LOCAL_HEADER;
    if (!isStored || view.getUint16(start + 8, true) !== 0) return []; // compressed, it could expand to any size
    const body = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
    entries.push({ name, start, body: bytes.subarray(body, body + size) });
    offset += 46 + nameLength + view.getUint16(offset + 30, true) + view.getUint16(offset + 32, true);
  }
  return entries;
}

/** Return the sha256 of bytes in hex; null in an insecure context, where browsers offer no hashing. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return null;
  const hash = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
