/**
 * Deleting with undo: what is deleted is hidden, and removed for good when the offer to undo has ended.
 *
 * In:    ids of entries; corrected photos
 * Out:   a notice with "Undo"
 * Needs: storage, notices.ts
 */

import { t } from '../../words';
import type { Answers } from '../answers';
import { notify } from '../notices';
import { hidePhotos, purgePhotos, restorePhotos, type StoredPhoto } from '../storage/corrections';
import { hideEntries, purgeEntries, restoreEntries } from '../storage/entries';
import { storageErrorText } from '../storage/text';
import { load } from './state';

const UNDO_TIME = 11_000; // ms; the notice is shown a little shorter

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
    purge: purgeEntries,
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
    purge: purgePhotos,
    reload,
    onUndone,
  });
}

interface Steps {
  hide(): Promise<void>;
  restore(): Promise<void>;
  purge(time?: number): Promise<void>;
  reload(): Promise<void>;
  onUndone(): void;
}

async function withUndo(count: number, { hide, restore, purge, reload, onUndone }: Steps): Promise<void> {
  try {
    await hide();
  } catch (error) {
    return notify(storageErrorText(error), 'error');
  } finally {
    await reload();
  }
  const purgeNow = (): void => void purge().catch(() => undefined); // the next visit tries again
  const purgeOld = (): void => void purge(UNDO_TIME).catch(() => undefined); // not what was deleted since
  const timer = setTimeout(purgeOld, UNDO_TIME + 100);
  addEventListener('pagehide', purgeNow, { once: true });
  const undo = async (): Promise<void> => {
    clearTimeout(timer);
    removeEventListener('pagehide', purgeNow);
    try {
      await restore();
      await reload();
      onUndone();
    } catch (error) {
      notify(storageErrorText(error), 'error');
    }
  };
  const message = count === 1 ? t('history.deletedOne') : t('history.deletedMany', { n: count });
  notify(message, 'undo', { label: t('history.undo'), run: () => void undo() });
}
