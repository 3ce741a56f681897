/**
 * What the user does with selected photos.
 *
 * In:    the photos that are found
 * Out:   a toolbar
 * Needs: deleting.ts, state.ts
 */

import { CheckCheck, Layers, Trash2, X } from 'lucide';
import type { JSX } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import { useApp } from '../app';
import { getEntries } from '../storage/entries';
import type { Summary } from '../storage/summary';
import { deleteWithUndo } from './deleting';
import { MAX_OF_ONE_KEY, openAsOneKey } from './one-key';
import { selected } from './state';

/** The toolbar. */
export function SelectionBar({ found }: { readonly found: readonly Summary[] }): JSX.Element {
  const app = useApp();
  const ids = selected.value ?? new Set<number>();
  const isAll = found.length > 0 && found.every(({ id }) => ids.has(id));
  // A layout effect: the key works as soon as the toolbar is there.
  useLayoutEffect(() => {
    const onKey = ({ key }: KeyboardEvent): void => {
      if (key === 'Escape') leave();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const remove = async (): Promise<void> => {
    const next = neighbourOf(found, ids);
    selected.value = null;
    await deleteWithUndo(app.answers, [...ids], () => focusTile([...ids][0]));
    focusTile(next);
  };
  const combine = async (): Promise<void> =>
    openAsOneKey(app, await getEntries([...ids].sort((a, b) => a - b)));
  return (
    <div class="selection" role="toolbar" aria-label={t('history.selection')}>
      <button type="button" class="icon-button" aria-label={t('history.cancel')} onClick={leave}>
        <Icon of={X} />
      </button>
      <strong role="status">{t('history.selected', { n: ids.size })}</strong>
      <button
        type="button"
        class="plain"
        aria-pressed={isAll}
        onClick={() => (selected.value = new Set(isAll ? [] : found.map(({ id }) => id)))}
      >
        <Icon of={CheckCheck} size={20} />
        <span>{t('history.all')}</span>
      </button>
      {ids.size > 1 && ids.size <= MAX_OF_ONE_KEY ? (
        <button type="button" class="plain" onClick={() => void combine().catch(app.reportError)}>
          <Icon of={Layers} size={20} />
          <span>{t('history.oneKey')}</span>
        </button>
      ) : null}
      <button type="button" class="plain danger" disabled={!ids.size} onClick={() => void remove()}>
        <Icon of={Trash2} size={20} />
        <span>{t('history.delete')}</span>
      </button>
    </div>
  );
}

/** End the selection; the focus stays near where it was. */
function leave(): void {
  const id = (document.activeElement as HTMLElement | null)?.dataset['id'];
  selected.value = null;
  requestAnimationFrame(() => focusTile(id === undefined ? undefined : Number(id)));
}

/** Return the photo after the last deleted one, else the one before the first; undefined: none is left. */
function neighbourOf(found: readonly Summary[], deleted: ReadonlySet<number>): number | undefined {
  const last = found.findLastIndex(({ id }) => deleted.has(id));
  const next = found[last + 1] ?? found.slice(0, last + 1).findLast(({ id }) => !deleted.has(id));
  return next?.id;
}

/** Focus a photo, or the title if it is not there. */
function focusTile(id: number | undefined): void {
  requestAnimationFrame(() => {
    const tile = id === undefined ? null : document.querySelector<HTMLElement>(`.tile[data-id="${id}"]`);
    (tile ?? document.querySelector<HTMLElement>('main h1'))?.focus();
  });
}
