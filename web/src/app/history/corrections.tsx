/**
 * Photos with corrected kinds, and their export for training.
 *
 * In:    stored photos
 * Out:   a view
 * Needs: storage/corrections.ts, deleting.ts, zip.ts
 */

import './corrections.css';
import { Download, PencilLine, Trash2 } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { announce, notify } from '../../notices';
import { Dialog } from '../../parts/dialog';
import { Icon } from '../../parts/icon';
import { isAboutKeys, t } from '../../words';
import { useApp } from '../app';
import { kindLabel } from '../kinds/kinds';
import { BlobImage } from '../parts/blob-image';
import { download } from '../parts/download';
import { Page } from '../parts/page';
import { hashOf } from '../router';
import {
  changeKind,
  NOT_A_KEY,
  photosFor,
  SAID_NOT_A_KEY,
  SAID_NOT_SURE,
  type StoredPhoto,
} from '../storage/corrections';
import { isBlocked } from '../storage/database';
import { storageErrorText } from '../storage/text';
import { deletePhotosWithUndo } from './deleting';
import { COMMAND, COMMAND_WITH_NEGATIVES, zipOf } from './zip';

const ZIP_NAMES = { keys: 'keykind-photos.zip', other: 'photos.zip' };

/** The view. */
export function CorrectionsView(): JSX.Element {
  const { running } = useApp();
  const [photos, setPhotos] = useState<readonly StoredPhoto[] | null>(null); // null: not read yet
  const [problem, setProblem] = useState('');
  const kinds = running.value?.card.kinds;
  const load = async (): Promise<void> => {
    if (!kinds) return; // the model is still being loaded
    try {
      setPhotos(await photosFor(kinds, isAboutKeys()));
      setProblem('');
    } catch (error) {
      setProblem(storageErrorText(error));
    }
  };
  useEffect(() => void load(), [kinds, isBlocked.value]);
  return (
    <Page title={t('corrections.title')} class="corrections" up={{ view: 'history' }}>
      {problem ? (
        <p class="warning" role="alert">
          {problem}
        </p>
      ) : null}
      {photos?.length === 0 ? <Empty /> : null}
      {photos?.length && kinds ? <Photos photos={photos} kinds={kinds} load={load} /> : null}
    </Page>
  );
}

function Empty(): JSX.Element {
  return (
    <div class="nothing-yet">
      <Icon of={PencilLine} size={48} />
      <h2>{t('corrections.empty')}</h2>
      <p>{t('corrections.emptyText')}</p>
      <div class="bar">
        <a class="button main" href={hashOf({ view: 'scan' })}>
          {t('home.camera')}
        </a>
      </div>
    </div>
  );
}

interface PhotosProps {
  readonly photos: readonly StoredPhoto[];
  readonly kinds: readonly string[]; // of the model
  readonly load: () => Promise<void>;
}

function Photos({ photos, kinds, load }: PhotosProps): JSX.Element {
  const [isAsking, setIsAsking] = useState(false);
  const count = photos.length === 1 ? t('corrections.one') : t('corrections.many', { n: photos.length });
  const remove = async (index: number): Promise<void> => {
    const photo = photos[index];
    if (!photo) return;
    await deletePhotosWithUndo([photo], load, () => focus(index));
    focus(Math.min(index, photos.length - 2));
  };
  return (
    <>
      <p>{count}</p>
      <Export photos={photos} />
      <ul class="corrected">
        {photos.map((photo, i) => (
          <Tile
            key={photo.id}
            n={i + 1}
            photo={photo}
            kinds={kinds}
            load={load}
            onDelete={() => void remove(i)}
          />
        ))}
      </ul>
      <button type="button" class="danger" onClick={() => setIsAsking(true)}>
        {t('corrections.deleteAll')}
      </button>
      {isAsking ? <DeleteAll photos={photos} load={load} onClose={() => setIsAsking(false)} /> : null}
    </>
  );
}

function Export({ photos }: { readonly photos: readonly StoredPhoto[] }): JSX.Element {
  const { reportError } = useApp();
  const command = photos.some(({ kind }) => kind === NOT_A_KEY) ? COMMAND_WITH_NEGATIVES : COMMAND;
  const exportZip = async (): Promise<void> => {
    download(await zipOf(photos), isAboutKeys() ? ZIP_NAMES.keys : ZIP_NAMES.other);
    announce(t('corrections.exported', { n: photos.length }));
  };
  return (
    <div class="card export">
      <p>{t('corrections.what')}</p>
      <button type="button" class="main" onClick={() => void exportZip().catch(reportError)}>
        <Icon of={Download} size={20} />
        {t('corrections.export')}
      </button>
      <p class="how">
        {t('corrections.how')} <code>{command}</code>
      </p>
    </div>
  );
}

interface TileProps extends Omit<PhotosProps, 'photos'> {
  readonly n: number;
  readonly photo: StoredPhoto;
  readonly onDelete: () => void;
}

function Tile({ n, photo, kinds, load, onDelete }: TileProps): JSX.Element {
  const options = [...new Set([...kinds, photo.kind, NOT_A_KEY])];
  const change = async (kind: string): Promise<void> => {
    await changeKind(photo, kind).catch((error: unknown) => notify(storageErrorText(error), 'error'));
    await load();
  };
  return (
    <li class="card">
      <BlobImage blob={photo.photo} alt={t('corrections.photo', { n, kind: optionLabel(photo.kind) })} />
      <select
        aria-label={t('corrections.kind', { n })}
        value={photo.kind}
        onChange={(event) => void change(event.currentTarget.value)}
      >
        {options.map((kind) => (
          <option key={kind} value={kind}>
            {optionLabel(kind)}
          </option>
        ))}
      </select>
      <p class="secondary">{t('corrections.answer', { answer: saidText(photo) })}</p>
      <button
        type="button"
        class="icon-button"
        aria-label={t('corrections.delete', { n })}
        onClick={onDelete}
      >
        <Icon of={Trash2} size={20} />
      </button>
    </li>
  );
}

interface DeleteAllProps extends Omit<PhotosProps, 'kinds'> {
  readonly onClose: () => void;
}

function DeleteAll({ photos, load, onClose }: DeleteAllProps): JSX.Element {
  const clear = async (): Promise<void> => {
    onClose();
    await deletePhotosWithUndo(photos, load, () => focus(0));
    focus(0);
  };
  return (
    <Dialog title={t('corrections.deleteAllSure')} close={t('detail.close')} onClose={onClose}>
      <p>
        <strong>
          {photos.length === 1 ? t('corrections.one') : t('corrections.many', { n: photos.length })}
        </strong>
      </p>
      <p>{t('corrections.deleteAllText')}</p>
      <div class="bar">
        <button
          type="button"
          class="main"
          onClick={(event) => event.currentTarget.closest('dialog')?.close()}
        >
          {t('history.cancel')}
        </button>
        <button type="button" class="danger" onClick={() => void clear()}>
          {t('corrections.deleteAll')}
        </button>
      </div>
    </Dialog>
  );
}

/** Focus the photo at an index, or the title if there is none. */
function focus(index: number): void {
  requestAnimationFrame(() => {
    const select = document.querySelectorAll<HTMLElement>('.corrected select')[index];
    (select ?? document.querySelector<HTMLElement>('main h1'))?.focus();
  });
}

function optionLabel(kind: string): string {
  return kind === NOT_A_KEY ? t('key.notKey') : kindLabel(kind);
}

function saidText({ said }: StoredPhoto): string {
  if (said === SAID_NOT_SURE) return t('key.notSure');
  return said === SAID_NOT_A_KEY ? t('key.notKey') : kindLabel(said);
}
