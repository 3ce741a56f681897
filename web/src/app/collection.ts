/**
 * The collection page: stored photos, their kinds, and the export.
 *
 * In:    StoredPhoto(s); the kinds to choose from
 * Out:   a view that updates itself
 * Needs: save.ts, store.ts, zip.ts
 */

import { isAboutKeys, t } from '../words';
import { button, el } from './dom';
import { kindLabel } from './kinds';
import { download } from './save';
import {
  changeKind,
  deletePhotos,
  NOT_A_KEY,
  photosFor,
  SAID_NOT_A_KEY,
  SAID_NOT_SURE,
  type StoredPhoto,
} from './store';
import { COMMAND, COMMAND_WITH_NEGATIVES, zipOf } from './zip';

const ZIP_NAMES = { keys: 'keykind-photos.zip', other: 'photos.zip' };

/** What the view needs of the page. */
export interface CollectionHost {
  readonly kinds: readonly string[];
  announce(message: string): void;
  reportError(error: unknown): void;
  refresh(): void; // called after a change if this view is no longer the one in the page
}

/** Called after a change with the index of the photo whose kind was changed; null if photos were deleted. */
type OnChange = (index: number | null) => void;

/** Return the view; the photos appear when they have been read. */
export function collectionView(host: CollectionHost): HTMLElement {
  const body = el('div', {});
  const title = el('h1', { id: 'collection-title', tabindex: '-1' }, t('collection.title'));
  const view = el('section', { class: 'collection', 'aria-labelledby': title.id }, title, body);
  const draw = async (): Promise<void> => {
    const photos = await photosFor(host.kinds, isAboutKeys());
    const empty = el('p', {}, t('collection.empty'));
    body.replaceChildren(...(photos.length ? contents(photos, host, onChange) : [empty]));
  };
  const onChange: OnChange = (index) => {
    if (!view.isConnected) return host.refresh();
    draw()
      .then(() => (index === null ? title : body.querySelectorAll('select')[index])?.focus())
      .catch(host.reportError);
  };
  draw().catch(host.reportError);
  return view;
}

function contents(photos: readonly StoredPhoto[], host: CollectionHost, onChange: OnChange): HTMLElement[] {
  const count = photos.length === 1 ? t('collection.one') : t('collection.many', { n: photos.length });
  const command = photos.some(({ kind }) => kind === NOT_A_KEY) ? COMMAND_WITH_NEGATIVES : COMMAND;
  const exportZip = async (): Promise<void> => {
    download(await zipOf(photos), isAboutKeys() ? ZIP_NAMES.keys : ZIP_NAMES.other);
    host.announce(t('collection.exported', { n: photos.length }));
  };
  const clear = async (): Promise<void> => {
    await deletePhotos(photos.map(({ id }) => id));
    onChange(null);
  };
  return [
    el('p', { class: 'count' }, count),
    el('ul', { class: 'photos' }, ...photos.map((photo, i) => tile(photo, i, host, onChange))),
    el(
      'div',
      { class: 'bar' },
      button(t('collection.export'), () => void exportZip().catch(host.reportError), { class: 'main' }),
      button(t('collection.clear'), () =>
        confirmClear(photos.length, () => void clear().catch(host.reportError)),
      ),
    ),
    el('p', { class: 'how' }, t('collection.how'), ' ', el('code', {}, command)),
  ];
}

function tile(photo: StoredPhoto, index: number, host: CollectionHost, onChange: OnChange): HTMLElement {
  const n = index + 1;
  const url = URL.createObjectURL(photo.photo);
  const alt = t('collection.photo', { n, kind: optionLabel(photo.kind) });
  const image = el('img', { src: url, alt, on: { load: () => URL.revokeObjectURL(url) } });
  const kinds = [...new Set([...host.kinds, photo.kind, NOT_A_KEY])];
  const select = el(
    'select',
    { 'aria-label': t('collection.kind', { n }) },
    ...kinds.map((kind) => el('option', { value: kind, selected: kind === photo.kind }, optionLabel(kind))),
  );
  select.addEventListener('change', () =>
    changeKind(photo, select.value).then(() => onChange(index), host.reportError),
  );
  const remove = (): void => void deletePhotos([photo.id]).then(() => onChange(null), host.reportError);
  return el(
    'li',
    {},
    image,
    select,
    el('p', { class: 'secondary' }, t('collection.answer', { answer: saidText(photo) })),
    button('✕', remove, { class: 'close', 'aria-label': t('collection.delete', { n }) }),
  );
}

function optionLabel(kind: string): string {
  return kind === NOT_A_KEY ? t('key.notKey') : kindLabel(kind);
}

function saidText({ said }: StoredPhoto): string {
  if (said === SAID_NOT_SURE) return t('key.notSure');
  return said === SAID_NOT_A_KEY ? t('key.notKey') : kindLabel(said);
}

function confirmClear(count: number, onConfirm: () => void): void {
  const dialog = el(
    'dialog',
    { class: 'ask', 'aria-labelledby': 'ask-title' },
    el('h2', { id: 'ask-title' }, t('collection.clearSure', { n: count })),
    el(
      'div',
      { class: 'bar' },
      button(t('collection.clearNo'), () => dialog.close(), { class: 'main' }),
      button(t('collection.clearYes'), () => {
        dialog.close();
        onConfirm();
      }),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
