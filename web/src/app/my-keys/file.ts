/**
 * The user's keys as a file: names, kinds and features; no photos.
 *
 * In:    MyKey(s); the text of a file
 * Out:   the text of a file; MyKey(s)
 * Needs: core/prototypes.ts
 */

import { enrol, prototypeFromJson, prototypeToJson } from '../../core/prototypes';
import type { MyKey } from '../storage/my-keys';

export const FILE_NAME = 'my-keys.json';
const FORMAT = 'keykind my keys';
const MAX_KEYS = 1000;
const MAX_NAME = 80; // characters

/** Return the file's text. */
export function fileOf(keys: readonly MyKey[]): string {
  const entries = keys.map(({ name, kind, network, photos }) => ({
    name,
    kind,
    prototype: prototypeToJson(
      enrol(
        photos.map(({ features }) => features),
        network,
      ),
    ),
  }));
  return `${JSON.stringify({ format: FORMAT, keys: entries })}\n`;
}

/** Return the keys in a file, with ids from `firstId` on. Throws a RangeError that says what is wrong with it. */
export function keysIn(text: string, firstId: number): MyKey[] {
  const { format, keys } = parse(text);
  if (format !== FORMAT || !Array.isArray(keys)) throw new RangeError(`its format is not "${FORMAT}"`);
  if (keys.length > MAX_KEYS) throw new RangeError(`${keys.length} keys, more than ${MAX_KEYS}`);
  return keys.map((entry: unknown, i) => keyOf(entry, firstId + i));
}

function parse(text: string): { format?: unknown; keys?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    throw new RangeError('it is not JSON');
  }
}

function keyOf(entry: unknown, id: number): MyKey {
  const { name, kind, prototype } = (entry ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || name.trim() === '') throw new RangeError('a key has no name');
  const { network, vectors } = prototypeFromJson(prototype);
  return {
    id,
    name: name.trim().slice(0, MAX_NAME),
    kind: typeof kind === 'string' ? kind : null,
    network,
    photos: vectors.map((features) => ({ photo: null, features })),
  };
}
