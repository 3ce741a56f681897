/**
 * Decisions about photos, as changes of cells.
 *
 * In:    photos as they are shown
 * Out:   Change(s); a photo with a change applied
 * Needs: api.ts
 */

import type { Change, MarkedKey, Photo } from '../api';

export const UNSURE = 'unsure';
export const DUPLICATE = 'duplicate';
export const TEST = 'test';
export const TRAIN = 'train';

type Cells = Omit<Change, 'photo' | 'version'>;

/** Return a change of some cells of a photo. */
export function change({ id, version }: Photo, cells: Cells): Change {
  return { photo: id, version, ...cells };
}

/** Return the change that gives a photo a kind. A photo that was left out is used again. */
export function label(photo: Photo, kind: string): Change {
  return change(photo, photo.excluded ? { kind, excluded: null } : { kind });
}

/** Return the change that leaves a photo out; null: it is used again. */
export function exclude(photo: Photo, reason: string | null): Change {
  return change(photo, { excluded: reason });
}

/** Return the changes that say that photos show one physical key. suggested: its name, if the server has one. */
export function sameKey(photos: readonly Photo[], suggested?: string | null): Change[] {
  const name = suggested || photos.find(({ key }) => key)?.key || ownName(photos[0]);
  return photos.map((photo) => change(photo, { key: name }));
}

/** Return the changes that say that each photo shows a key of its own. The first of a name keeps it. */
export function differentKeys(photos: readonly Photo[]): Change[] {
  const taken = new Set<string>();
  return photos.map((photo) => {
    const name = photo.key && !taken.has(photo.key) ? photo.key : ownName(photo);
    taken.add(name);
    return change(photo, { key: name });
  });
}

/** Return the change that says where the keys of a photo are. */
export function mark(photo: Photo, keys: readonly MarkedKey[]): Change {
  return change(photo, { ends: keys });
}

/** Return a photo with a change, as the server will answer it. */
export function changed(photo: Photo, cells: Change, who: string, when: string): Photo {
  const next = {
    ...photo,
    ...('key' in cells ? { key: cells.key || null } : {}),
    ...('split' in cells ? { split: cells.split || null } : {}),
    ...('ends' in cells ? { ends: cells.ends ?? null } : {}),
    ...('excluded' in cells ? { excluded: cells.excluded || null } : {}),
    ...('kind' in cells ? { kind: cells.kind || photo.folder_kind } : {}),
  };
  return { ...next, row: { who, when } };
}

/** Return whether a photo already is as a change would make it. */
export function agrees(photo: Photo, cells: Change): boolean {
  const wanted = changed(photo, cells, '', '');
  const cellsOf = ({ kind, key, split, ends, excluded }: Photo): string =>
    JSON.stringify([kind, key, split, ends, excluded]);
  return photo.row !== null && cellsOf(photo) === cellsOf(wanted);
}

/** Return whether photos have different labels. */
export function differInKind(photos: readonly Photo[]): boolean {
  return new Set(photos.flatMap(({ kind }) => kind || [])).size > 1;
}

/** Return whether photos are in training and test alike. */
export function isLeak(photos: readonly Photo[]): boolean {
  return photos.some(({ split }) => split === TEST) && photos.some(({ split }) => split === TRAIN);
}

/** Return the one of some photos that is best left out: of a leak the one that trains, else the last. */
export function leastNeeded(
  photos: readonly Photo[],
  suggested: string | number | null | undefined,
): Photo | null {
  const named = photos.find(({ id }) => id === String(suggested));
  if (named) return named;
  const training = isLeak(photos) ? photos.find(({ split }) => split === TRAIN) : null;
  return training ?? photos[photos.length - 1] ?? null;
}

/** Return the name of a key that only this photo shows: the photo's, without its ending. */
function ownName(photo: Photo | undefined): string {
  return photo ? photo.name.replace(/\.[^./]+$/, '') : '';
}
