/**
 * The user's own keys, which the app has learnt.
 *
 * In:    stored keys
 * Out:   a view; export and import
 * Needs: recognition.ts, file.ts
 */

import './my-keys.css';
import { Download, KeyRound, Plus, Upload } from 'lucide';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { notify } from '../../notices';
import { Icon } from '../../parts/icon';
import { t, withDetails } from '../../words';
import { useApp } from '../app';
import { chooseFiles } from '../incoming';
import { kindLabel } from '../kinds/kinds';
import { BlobImage } from '../parts/blob-image';
import { download } from '../parts/download';
import { Page } from '../parts/page';
import { hashOf } from '../router';
import type { MyKey } from '../storage/my-keys';
import { StorageError } from '../storage/problem';
import { storageErrorText } from '../storage/text';
import { FILE_NAME, fileOf, keysIn } from './file';
import { Placeholder } from './photo-list';
import { loadMyKeys, myKeys, saveMyKey } from './recognition';

/** The view. */
export function MyKeysView(): JSX.Element {
  const { running } = useApp();
  const keys = myKeys.value;
  const card = running.value?.card;
  useEffect(() => void loadMyKeys(), []);
  const isSupported = card === undefined || card.features !== null;
  return (
    <Page title={t('myKeys.title')} class="my-keys">
      {isSupported ? null : <NoFeatures />}
      {keys.length ? (
        <ul class="cards">
          {keys.map((key) => (
            <li key={key.id}>
              <KeyCard myKey={key} isOutdated={card !== undefined && key.network !== card.network} />
            </li>
          ))}
        </ul>
      ) : null}
      <div class={keys.length ? '' : 'nothing-yet'}>
        {keys.length ? null : <Icon of={KeyRound} size={64} />}
        {keys.length ? null : <p class="lead">{t('myKeys.text')}</p>}
        <Actions keys={keys} canAdd={isSupported} />
        <p class="secondary">{t('myKeys.limits')}</p>
        {keys.length ? <p class="secondary">{t('myKeys.exportText')}</p> : null}
      </div>
    </Page>
  );
}

/** That keys cannot be learnt with this model; with the app's own they may, if another one is in use. */
function NoFeatures(): JSX.Element {
  const { running, useModel } = useApp();
  const isOwn = Boolean(running.value?.own);
  return (
    <div class="card no-features" role="alert">
      <p>{t(isOwn ? 'myKeys.noFeatures' : 'myKeys.noFeaturesApp')}</p>
      {isOwn ? (
        <button type="button" onClick={() => void useModel(null)}>
          {t('model.back')}
        </button>
      ) : null}
    </div>
  );
}

function Actions({
  keys,
  canAdd,
}: {
  readonly keys: readonly MyKey[];
  readonly canAdd: boolean;
}): JSX.Element {
  return (
    <div class="bar">
      {canAdd ? (
        <a class="button main" href={hashOf({ view: 'my-key', id: null })}>
          <Icon of={Plus} size={20} />
          {t('myKeys.add')}
        </a>
      ) : null}
      <button
        type="button"
        onClick={() => chooseFiles('file', false, ([file]) => file && void importKeys(file))}
      >
        <Icon of={Upload} size={20} />
        {t('myKeys.import')}
      </button>
      {keys.length ? (
        <button type="button" onClick={() => exportKeys(keys)}>
          <Icon of={Download} size={20} />
          {t('myKeys.export')}
        </button>
      ) : null}
    </div>
  );
}

function KeyCard({
  myKey,
  isOutdated,
}: {
  readonly myKey: MyKey;
  readonly isOutdated: boolean;
}): JSX.Element {
  const { id, name, kind, photos } = myKey;
  const photo = photos[0]?.photo;
  return (
    <a class="card my-key-card" href={hashOf({ view: 'my-key', id })}>
      {photo ? <BlobImage blob={photo} alt="" /> : <Placeholder kind={kind} />}
      <span>
        <strong>{name}</strong>
        <span class="secondary">{kind ? kindLabel(kind) : t('key.notSure')}</span>
        {isOutdated ? <span class="failed">{t('myKeys.outdated')}</span> : null}
      </span>
    </a>
  );
}

function exportKeys(keys: readonly MyKey[]): void {
  download(new Blob([fileOf(keys)], { type: 'application/json' }), FILE_NAME);
}

async function importKeys(file: File): Promise<void> {
  try {
    const names = new Set(myKeys.value.map(({ name }) => name));
    const firstId = Math.max(Date.now(), ...myKeys.value.map(({ id }) => id + 1)); // after those of an import just before
    const all = keysIn(await file.text(), firstId);
    const keys = all.filter(({ name }) => !names.has(name));
    for (const key of keys) await saveMyKey(key);
    const [n, skipped] = [keys.length, all.length - keys.length];
    notify(skipped ? t('myKeys.importedSome', { n, skipped }) : t('myKeys.imported', { n }), 'ready');
  } catch (error) {
    const isStorage = error instanceof StorageError;
    const text = t('myKeys.importFailed', { file: file.name });
    notify(isStorage ? storageErrorText(error) : withDetails(text, error), 'error');
  }
}
