/**
 * Deleting with undo: what is deleted is hidden, and removed for good when the offer to undo has ended.
 *
 * In:    ids of entries; corrected photos
 * Out:   a notice with "Undo"
 * Needs: storage, notices.ts
 */

import { notify } from '../../notices';
import { t } from '../../words';
import type { Answers } from '../answers';
import { hidePhotos, purgePhotos, restorePhotos, type StoredPhoto } from '../storage/corrections';
import { hideEntries, purgeEntries, restoreEntries } from '../storage/entries';
import { storageErrorText } from '../storage/text';
import { load } from './state';

const UNDO_TIME = 11_000; // ms; the notice is shown a little shorter

/** Remove what was deleted and can no longer be brought back, also what an earlier visit has left. */
export async function purgeDeleted(): Promise<void> {
  await purgeEntries(UNDO_TIME).catch(() => undefined); // the next visit tries again
  await purgePhotos(UNDO_TIME).catch(() => undefined);
}

/** Call purgeDeleted, now and when the offers to undo of an earlier page have ended. */
export function purgeAtStart(): void {
  void purgeDeleted();
  setTimeout(() => void purgeDeleted(), UNDO_TIME + 100);
}

/** Delete entries of the history, and offer to undo that; `onUndone` is called when they are back. */
export async function deleteWithUndo(
  answers: Answers,
  ids: readonly number[],
  onUndone: () => void = () => undefined,
): Promise<void> {
  for (const id of ids) answers.forget(id);
  await withUndo(ids.length, {
    hide: () => hideEntries(ids),
    restore: () => restoreEntries(ids),
    reload: load,
    onUndone,
  });
}

/** Delete corrected photos, and offer to undo that. */
export async function deletePhotosWithUndo(
  photos: readonly StoredPhoto[],
  reload: () => Promise<void>,
  onUndone: () => void,
): Promise<void> {
  await withUndo(photos.length, {
    hide: () => hidePhotos(photos),
    restore: () => restorePhotos(photos),
    reload,
    onUndone,
  });
}

interface Steps {
  hide(): Promise<void>;
  restore(): Promise<number>; // how many are back
  reload(): Promise<void>;
  onUndone(): void;
}

async function withUndo(count: number, { hide, restore, reload, onUndone }: Steps): Promise<void> {
  try {
    await hide();
  } catch (error) {
    return void notify(storageErrorText(error), 'error');
  } finally {
    await reload();
  }
  setTimeout(() => void purgeDeleted(), UNDO_TIME + 100);
  const undo = async (): Promise<void> => {
    try {
      const lost = count - (await restore());
      await reload();
      onUndone();
      if (lost) notify(t('history.undoLate', { n: lost }), 'error');
    } catch (error) {
      notify(storageErrorText(error), 'error');
    }
  };
  const message = count === 1 ? t('history.deletedOne') : t('history.deletedMany', { n: count });
  notify(message, 'undo', { label: t('history.undo'), run: () => void undo() });
}
