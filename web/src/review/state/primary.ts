/**
 * What Enter does: the decision that is most likely right for what is shown.
 *
 * In:    the item, its photos, the keys that are being marked
 * Out:   Primary: its name and its changes; null: there is none, the user has to choose
 * Needs: changes.ts, draft.ts, words.ts
 */

import type { Change, Item, Photo } from '../api';
import { W } from '../words';
import {
  change,
  DUPLICATE,
  differInKind,
  exclude,
  isLeak,
  label,
  leastNeeded,
  mark,
  sameKey,
  TRAIN,
} from './changes';
import type { Draft } from './draft';

/** How an item is shown: one photo, several, or the keys in one. */
export type Mode = 'single' | 'group' | 'keys';

export interface Primary {
  readonly name: string; // on the button
  readonly done: string; // afterwards
  readonly why?: string; // this one, where another would do as well
  readonly changes: readonly Change[];
}

/** Return what Enter decides. */
export function primaryOf(
  queue: string,
  mode: Mode,
  item: Item,
  photos: readonly Photo[],
  draft: Draft | null,
): Primary | null {
  const [photo] = photos;
  if (!photo) return null;
  if (mode === 'keys') return draft && keysPrimary(photo, draft);
  if (mode === 'group') return groupPrimary(queue, item, photos);
  return singlePrimary(photo, item);
}

function singlePrimary(photo: Photo, { suggestion }: Item): Primary | null {
  const { kind, excluded } = suggestion ?? {};
  if (photo.excluded)
    return { ...W.keepOut(photo.excluded), changes: [change(photo, { excluded: photo.excluded })] };
  if (excluded) return { ...W.leaveOut(excluded), changes: [exclude(photo, excluded)] };
  if (kind && kind !== photo.kind) return { ...W.changeTo(kind, photo.kind), changes: [label(photo, kind)] };
  return confirmation(photo);
}

/** Return the decision that a photo's kind is right; null: it has none. */
export function confirmation(photo: Photo): Primary | null {
  return photo.kind ? { ...W.keepKind(photo.kind), changes: [label(photo, photo.kind)] } : null;
}

function groupPrimary(queue: string, { suggestion }: Item, photos: readonly Photo[]): Primary | null {
  if (differInKind(photos)) return null; // one label is wrong: a person has to say which
  if (queue !== 'duplicates') return { ...W.same, changes: sameKey(photos, suggestion?.key) };
  const extra = leastNeeded(photos, suggestion?.exclude);
  if (!extra) return null;
  const why = W.leaveOutWhy(photos.indexOf(extra) + 1, isLeak(photos) && extra.split === TRAIN);
  return { ...leaveOutOf(photos, extra), why };
}

/** Return the decision that leaves one of several photos out. */
export function leaveOutOf(photos: readonly Photo[], extra: Photo): Primary {
  return { ...W.leaveOutPhoto(photos.indexOf(extra) + 1), changes: [exclude(extra, DUPLICATE)] };
}

function keysPrimary(photo: Photo, { keys, isEdited, start }: Draft): Primary | null {
  if (start) return null; // a head without its tip would be lost
  if (!keys.length && !isEdited && !photo.ends) return null; // no key was found: a person has to say so
  const words = isEdited || photo.ends ? W.saveKeys(keys.length) : W.acceptKeys(keys.length);
  return { ...words, changes: [mark(photo, keys)] };
}
