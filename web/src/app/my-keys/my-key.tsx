/**
 * One of the user's keys: its name and the photos that it is learnt from.
 *
 * In:    its id; null: a new one
 * Out:   a view
 * Needs: draft.ts, recognition.ts, photo-list.tsx
 */

import './my-keys.css';
import { Trash2 } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { MIN_PHOTOS } from '../../core/prototypes';
import { notify } from '../../notices';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import { useApp } from '../app';
import { DeadEnd } from '../parts/dead-end';
import { Page } from '../parts/page';
import { hashOf, navigate } from '../router';
import type { MyKey } from '../storage/my-keys';
import { storageErrorText } from '../storage/text';
import { addToDraft, clearDraft, draftName, draftPhotos } from './draft';
import { kindOf, learnAgain } from './learning';
import { PhotoList } from './photo-list';
import { loadMyKeys, myKeys, removeMyKey, saveMyKey } from './recognition';

const MAX_NAME = 80; // characters

/** The view. */
export function MyKeyView({ id }: { readonly id: number | null }): JSX.Element {
  const key = myKeys.value.find((each) => each.id === id);
  useEffect(() => {
    const onVisible = (): void => void (document.hidden || loadMyKeys()); // another tab may have deleted it
    onVisible();
    document.addEventListener('visibilitychange', onVisible);
    return () => document.removeEventListener('visibilitychange', onVisible);
  }, []);
  if (id !== null && !key)
    return (
      <Page title={t('myKeys.title')} class="my-key" up={{ view: 'my-keys' }}>
        <DeadEnd text={t('myKeys.gone')} ways={['myKeys', 'camera']} />
      </Page>
    );
  return key ? <Learnt myKey={key} /> : <NewKey />;
}

function NewKey(): JSX.Element {
  const { running, reportError } = useApp();
  const photos = draftPhotos.value;
  const missing = missingText(photos.length, draftName.value, running.value !== null);
  return (
    <Page title={t('myKeys.add')} class="my-key" up={{ view: 'my-keys' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!missing && running.value) saveDraft(running.value.card.network).catch(reportError);
        }}
      >
        <NameField
          value={draftName.value}
          onInput={(name) => {
            draftName.value = name;
          }}
        />
        <p>{t('myKeys.how')}</p>
        <PhotoList
          photos={photos.map(({ photo }) => photo)}
          kind={kindOf(photos.map(({ verdict }) => verdict))}
          onAdd={addToDraft}
          onRemove={(i) => {
            draftPhotos.value = photos.toSpliced(i, 1);
          }}
        />
        <SaveBar missing={missing} />
      </form>
    </Page>
  );
}

/** Learn the draft's key with a network, and go to the list. */
async function saveDraft(network: string): Promise<void> {
  const photos = draftPhotos.value;
  const name = draftName.value.trim();
  const kind = kindOf(photos.map(({ verdict }) => verdict));
  await saveMyKey({ id: Date.now(), name, kind, network, photos: photos.map(({ photo }) => photo) });
  clearDraft();
  notify(t('myKeys.learnt', { name }), 'ready');
  navigate({ view: 'my-keys' }, true);
}

function SaveBar({ missing }: { readonly missing: string }): JSX.Element {
  return (
    <div class="bar">
      <button
        type="submit"
        class="main"
        disabled={missing !== ''}
        aria-describedby={missing ? 'my-key-missing' : undefined}
      >
        {t('myKeys.save')}
      </button>
      {missing ? (
        <p class="secondary" id="my-key-missing">
          {missing}
        </p>
      ) : null}
    </div>
  );
}

/** Return what is missing until a key can be learnt; empty: nothing. */
function missingText(photos: number, name: string, isReady: boolean): string {
  const count = MIN_PHOTOS - photos;
  const parts = [
    name.trim() ? '' : t('myKeys.needsName'),
    count === 1 ? t('myKeys.needsPhoto') : '',
    count > 1 ? t('myKeys.needsPhotos', { n: count }) : '',
    isReady ? '' : t('myKeys.needsModel'),
  ];
  return parts.filter(Boolean).join(' ');
}

function Learnt({ myKey }: { readonly myKey: MyKey }): JSX.Element {
  const { running, reportError } = useApp();
  const [name, setName] = useState(myKey.name);
  const network = running.value?.card.network;
  const change = (changed: Partial<MyKey>): void =>
    void saveMyKey({ ...myKey, ...changed }).catch(reportError);
  const isOutdated = network !== undefined && network !== myKey.network;
  return (
    <Page title={myKey.name} class="my-key" up={{ view: 'my-keys' }}>
      <NameField
        value={name}
        onInput={setName}
        onChange={() => name.trim() && change({ name: name.trim() })}
      />
      {isOutdated ? (
        <Outdated myKey={myKey} />
      ) : (
        <PhotoList
          photos={myKey.photos}
          kind={myKey.kind}
          onAdd={({ photo }) => change({ photos: [...current(myKey).photos, photo] })}
          onRemove={(i) =>
            myKey.photos.length > 1 ? change({ photos: myKey.photos.toSpliced(i, 1) }) : void remove(myKey)
          }
        />
      )}
      <div class="bar">
        <button type="button" class="danger" onClick={() => void remove(myKey).catch(reportError)}>
          <Icon of={Trash2} />
          {t('myKeys.delete')}
        </button>
      </div>
    </Page>
  );
}

/** A key that was learnt with another version of the model. */
function Outdated({ myKey }: { readonly myKey: MyKey }): JSX.Element {
  const { running, reportError } = useApp();
  const [hasFailed, setHasFailed] = useState(!myKey.photos.some(({ photo }) => photo));
  const again = async (): Promise<void> => {
    const key = running.value && (await learnAgain(myKey, running.value));
    if (key) await saveMyKey(key);
    else setHasFailed(true);
  };
  if (hasFailed)
    return (
      <div class="card outdated">
        <p>{t('myKeys.learnNew')}</p>
        <a class="button main" href={hashOf({ view: 'my-key', id: null })}>
          {t('myKeys.add')}
        </a>
      </div>
    );
  return (
    <div class="card outdated">
      <p>{t('myKeys.outdatedText')}</p>
      <button type="button" class="main" onClick={() => void again().catch(reportError)}>
        {t('myKeys.again')}
      </button>
    </div>
  );
}

interface NameFieldProps {
  readonly value: string;
  readonly onInput: (name: string) => void;
  readonly onChange?: () => void;
}

function NameField({ value, onInput, onChange }: NameFieldProps): JSX.Element {
  return (
    <p class="name-field">
      <label for="my-key-name">{t('myKeys.name')}</label>
      <input
        id="my-key-name"
        type="text"
        maxLength={MAX_NAME}
        autocomplete="off"
        placeholder={t('myKeys.example')}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        onChange={onChange}
      />
    </p>
  );
}

/** Return a key as it is now: photos may have been added since the view was drawn. */
function current(key: MyKey): MyKey {
  return myKeys.value.find(({ id }) => id === key.id) ?? key;
}

/** Delete a key; the notice brings it back. */
async function remove(key: MyKey): Promise<void> {
  await removeMyKey(key.id);
  navigate({ view: 'my-keys' }, true);
  const fail = (error: unknown): void => void notify(storageErrorText(error), 'error');
  const undo = { label: t('undo'), run: () => void saveMyKey(key).catch(fail) };
  notify(t('myKeys.deleted', { name: key.name }), 'undo', undo);
}
