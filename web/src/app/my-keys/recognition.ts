/**
 * Which of the user's keys a key is.
 *
 * In:    the keys stored on this device; features of a crop
 * Out:   the key, or none of them
 * Needs: core/prototypes.ts, storage/my-keys.ts
 *
 * It compares appearance: the shape and colour of the head, the outline. It neither measures nor stores cuts.
 */

import { signal } from '@preact/signals';
import type { Card } from '../../core';
import { enrol, type Gallery, galleryOf, match } from '../../core/prototypes';
import { allMyKeys, deleteMyKey, type MyKey, putMyKey } from '../storage/my-keys';

/** The user's keys; empty until they have been read. */
export const myKeys = signal<readonly MyKey[]>([]);

/** Read the keys that are stored, also by another tab; if that fails, those that were read before stay. */
export async function loadMyKeys(): Promise<void> {
  myKeys.value = await allMyKeys().catch(() => myKeys.value);
}

/** Store a key, in place of the one with the same id. Throws what the browser reports if there is no room. */
export async function saveMyKey(key: MyKey): Promise<void> {
  await putMyKey(key);
  const others = myKeys.value.filter(({ id }) => id !== key.id);
  myKeys.value = [...others, key].sort((one, other) => one.id - other.id);
}

/** Delete a key. */
export async function removeMyKey(id: number): Promise<void> {
  await deleteMyKey(id);
  myKeys.value = myKeys.value.filter((key) => key.id !== id);
}

/** The keys that features compare with. */
interface Comparable {
  readonly stored: readonly MyKey[];
  readonly network: string;
  readonly count: number; // of features
  readonly keys: readonly MyKey[];
  readonly gallery: Gallery;
}

let latest: Comparable | null = null; // made again only for other keys or another model

function comparable(features: Float32Array, network: string): Comparable {
  const [stored, count] = [myKeys.value, features.length];
  if (latest?.stored === stored && latest.network === network && latest.count === count) return latest;
  const keys = stored.filter((key) => key.network === network && isComparable(key, features));
  const vectors = keys.map(({ photos }) => photos.map((photo) => photo.features));
  const prototypes = vectors.map((each) => enrol(each, network));
  latest = { stored, network, count, keys, gallery: galleryOf(prototypes, network) };
  return latest;
}

/** Return which of the keys has these features; null: none of them; undefined: there is nothing to compare with. */
export function ownKey(
  features: Float32Array | null,
  card: Pick<Card, 'network'> | undefined,
): MyKey | null | undefined {
  if (!features || !card) return undefined;
  const { keys, gallery } = comparable(features, card.network);
  if (keys.length === 0) return undefined;
  const { index } = match(features, gallery);
  return index === null ? null : (keys[index] ?? null);
}

/** Return whether a key has as many features: an imported file may say that it is of this network, and not be. */
function isComparable({ photos }: MyKey, features: Float32Array): boolean {
  return photos.length > 0 && photos.every((photo) => photo.features.length === features.length);
}
