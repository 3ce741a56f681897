/**
 * What is stored of a recognised photo.
 *
 * In:    a photo in the engine, and the engine's result
 * Out:   EntryPhoto: its pixels, thumbnail and keys; Entry
 * Needs: the engine, thumbnail.ts, my-keys/recognition.ts
 */

import type { Card } from '../core';
import type { EnginePhoto } from '../engine/photo';
import type { PhotoResult, Place } from '../engine/protocol';
import { arranged } from './answer/changes';
import { ownKey } from './my-keys/recognition';
import type { Entry, EntryPhoto, StoredKey } from './storage/entries';
import { thumbnailOf } from './thumbnail';

/** A photo that takes no memory, in place of one that is stored or can be made again. */
export const NO_PHOTO = new Blob();

/** Return the answer to one photo. file: from which it is; a camera frame has no name. */
export function entryOf(
  id: number,
  file: Blob,
  photo: EntryPhoto,
  { kinds, ofKeys }: Card,
  group: number | null,
): Entry {
  const name = file instanceof File && file.name ? { name: file.name } : {};
  return { id, ...name, photos: [photo], combined: null, kinds, ofKeys, group };
}

/** Return a photo and its keys as they are stored: coordinates are of the stored photo, keys in reading order. */
export async function entryPhotoOf(photo: EnginePhoto, result: PhotoResult, card: Card): Promise<EntryPhoto> {
  const whole = await photo.wholePhoto();
  const { thumbnail, width, height } = await thumbnailOf(whole);
  const scale = width / result.width;
  const keys = result.keys.map((key): StoredKey => {
    const { verdict, causes, measurements, features } = key;
    const mine = verdict.isKey ? ownKey(features, card) : undefined;
    const stored = { ...scaled(key, scale), verdict, causes, measurements, features };
    return mine ? { ...stored, myKey: mine.name } : stored;
  });
  const { width: originalWidth, brightness } = result;
  return { photo: whole, thumbnail, width, height, originalWidth, brightness, keys: arranged(keys) };
}

/** Return an entry without the memory of its photos. */
export function withoutPhotos(entry: Entry): Entry {
  return { ...entry, photos: entry.photos.map((photo) => ({ ...photo, photo: NO_PHOTO })) };
}

/** Return where a key is in a photo of another size. */
export function scaled({ box, head, tip }: Place, scale: number): Place {
  const point = ([x, y]: readonly [number, number]) => [x * scale, y * scale] as const;
  const [a, b, c, d] = box;
  return {
    box: [point(a), point(b), point(c), point(d)],
    head: head && point(head),
    tip: tip && point(tip),
  };
}
