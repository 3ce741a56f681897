/**
 * What the history takes up on this device, and whether one is kept.
 *
 * In:    the storage
 * Out:   a dialog
 * Needs: storage/
 */

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { announce, notify } from '../../notices';
import { Dialog } from '../../parts/dialog';
import { formatNumber, t } from '../../words';
import { useApp } from '../app';
import { usage } from '../storage/database';
import { clearEntries } from '../storage/entries';
import { keepsHistory } from '../storage/settings';
import { formatBytes, storageErrorText } from '../storage/text';
import { forgetImports } from './import-memory';
import { load, summaries } from './state';

/** The dialog. */
export function StorageDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [isAsking, setIsAsking] = useState(false);
  const count = summaries.value?.length ?? 0;
  if (isAsking)
    return (
      <Dialog
        key="ask"
        title={t('history.deleteAllSure')}
        close={t('detail.close')}
        class="storage"
        onClose={onClose}
      >
        <Confirmation onClose={onClose} />
      </Dialog>
    );
  return (
    <Dialog
      key="storage"
      title={t('history.storage')}
      close={t('detail.close')}
      class="storage"
      onClose={onClose}
    >
      <Usage />
      <label class="switch">
        <span>
          {t('history.keep')}
          <span class="secondary">{t('history.keepHint')}</span>
        </span>
        <input
          type="checkbox"
          role="switch"
          aria-checked={keepsHistory.value}
          checked={keepsHistory.value}
          onChange={(event) => {
            keepsHistory.value = event.currentTarget.checked;
          }}
        />
      </label>
      <p class="secondary">{t('history.privateLong')}</p>
      <div class="bar">
        <button type="button" class="danger" disabled={!count} onClick={() => setIsAsking(true)}>
          {t('history.deleteAll')}
        </button>
      </div>
    </Dialog>
  );
}

function countText(count: number): string {
  return count === 1 ? t('history.usedByOne') : t('history.usedByMany', { n: formatNumber(count, 0) });
}

function Usage(): JSX.Element {
  const [space, setSpace] = useState<Awaited<ReturnType<typeof usage>> | undefined>(undefined); // not known yet
  useEffect(() => {
    void usage().then(setSpace);
  }, []);
  const all = summaries.value ?? [];
  const bytes = all.reduce((sum, each) => sum + each.bytes, 0);
  return (
    <>
      <p class="used">
        <strong>{formatBytes(bytes)}</strong>
        {countText(all.length)}
      </p>
      {space ? (
        <>
          <progress max={space.quota} value={space.used} aria-label={t('history.usedOfLabel')} />
          <p class="secondary">
            {t('history.usedOf', { used: formatBytes(space.used), quota: formatBytes(space.quota) })}
          </p>
        </>
      ) : null}
      {space === null ? <p class="secondary">{t('history.usedUnknown')}</p> : null}
    </>
  );
}

function Confirmation({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { answers } = useApp();
  const clear = async (): Promise<void> => {
    try {
      for (const { id } of summaries.value ?? []) answers.forget(id);
      await clearEntries();
      forgetImports();
      announce(t('history.allDeleted'));
    } catch (error) {
      notify(storageErrorText(error), 'error');
    }
    await load();
    onClose();
    requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus());
  };
  return (
    <>
      <p>
        <strong>{countText(summaries.value?.length ?? 0)}</strong>
      </p>
      <p>{t('history.deleteAllText')}</p>
      <div class="bar">
        <button
          type="button"
          class="main"
          onClick={(event) => event.currentTarget.closest('dialog')?.close()}
        >
          {t('history.cancel')}
        </button>
        <button type="button" class="danger" onClick={() => void clear()}>
          {t('history.deleteAll')}
        </button>
      </div>
    </>
  );
}
