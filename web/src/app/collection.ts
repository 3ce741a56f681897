/**
 * The collection, shown: photos that were kept, their kinds, and the zip of them.
 *
 * In:    Kept photos; the kinds that can be chosen
 * Out:   a view that draws itself anew when something changes
 * Needs: store.ts, exporting.ts, save.ts
 */

import { say, sayKind } from '../words';
import { button, el } from './dom';
import { COMMAND, COMMAND_NOTHING, zipOf } from './exporting';
import { save } from './save';
import { all, forget, forgetAll, type Kept, NOT_A_KEY, rename } from './store';

const ZIP = 'keykind-photos.zip';

/** What the view needs of the page. */
export interface CollectionHost {
  readonly kinds: readonly string[];
  announce(words: string): void;
  fault(error: unknown): void;
  stale(): void; // the view that changed something is no longer the one that is shown
}

/** Called after a change, with the place of the photo whose kind was chosen; null: photos are gone. */
type Changed = (place: number | null) => void;

/** Return the view; it fills when the photos are read. */
export function collectionView(host: CollectionHost): HTMLElement {
  const body = el('div', {});
  const title = el('h1', { id: 'collection-title', tabindex: '-1' }, say('collection.title'));
  const view = el('section', { class: 'collection', 'aria-labelledby': title.id }, title, body);
  const draw = async (): Promise<void> => {
    const photos = await all();
    const empty = el('p', {}, say('collection.empty'));
    body.replaceChildren(...(photos.length ? filled(photos, host, changed) : [empty]));
  };
  const changed: Changed = (place) => {
    if (!view.isConnected) return host.stale();
    draw()
      .then(() => (place === null ? title : body.querySelectorAll('select')[place])?.focus())
      .catch(host.fault);
  };
  draw().catch(host.fault);
  return view;
}

function filled(photos: readonly Kept[], host: CollectionHost, changed: Changed): HTMLElement[] {
  const count = photos.length === 1 ? say('collection.one') : say('collection.many', { n: photos.length });
  const command = photos.some(({ kind }) => kind === NOT_A_KEY) ? COMMAND_NOTHING : COMMAND;
  const trying = (work: Promise<unknown>) => void work.catch(host.fault);
  const exported = async (): Promise<void> => {
    await save(await zipOf(photos), ZIP);
    host.announce(say('collection.exported', { n: photos.length }));
  };
  const deleted = async (): Promise<void> => {
    await forgetAll();
    changed(null);
  };
  return [
    el('p', { class: 'count' }, count),
    el('ul', { class: 'photos' }, ...photos.map((photo, place) => tile(photo, place, host, changed))),
    el(
      'div',
      { class: 'bar' },
      button(say('collection.export'), () => trying(exported()), { class: 'main' }),
      button(say('collection.clear'), () => ask(photos.length, () => trying(deleted()))),
    ),
    el('p', { class: 'how' }, say('collection.how', { command: '' }), el('code', {}, command)),
  ];
}

function tile(photo: Kept, place: number, host: CollectionHost, changed: Changed): HTMLElement {
  const name = (kind: string): string => (kind === NOT_A_KEY ? say('key.notKey') : sayKind(kind));
  const address = URL.createObjectURL(photo.photo);
  const words = say('collection.photo', { n: place + 1, kind: name(photo.kind) });
  const image = el('img', { src: address, alt: words, on: { load: () => URL.revokeObjectURL(address) } });
  const kinds = [...new Set([...host.kinds, photo.kind, NOT_A_KEY])];
  const choice = el(
    'select',
    { 'aria-label': `${say('collection.kind')} (${place + 1})` },
    ...kinds.map((kind) => el('option', { value: kind, selected: kind === photo.kind }, name(kind))),
  );
  choice.addEventListener('change', () => rename(photo, choice.value).then(() => changed(place), host.fault));
  const remove = (): void => void forget(photo.id).then(() => changed(null), host.fault);
  return el(
    'li',
    {},
    image,
    choice,
    el('p', { class: 'more' }, say('collection.said', { answer: saidOf(photo) })),
    button('✕', remove, { class: 'close', 'aria-label': `${say('collection.delete')} (${place + 1})` }),
  );
}

function saidOf({ said }: Kept): string {
  if (said === 'not sure') return say('key.notSure');
  return said === 'not a key' ? say('key.notKey') : sayKind(said);
}

/** Ask before everything is deleted. */
function ask(count: number, yes: () => void): void {
  const dialog = el(
    'dialog',
    { class: 'ask', 'aria-labelledby': 'ask-title' },
    el('h2', { id: 'ask-title' }, say('collection.clearSure', { n: count })),
    el(
      'div',
      { class: 'bar' },
      button(say('collection.clearNo'), () => dialog.close(), { class: 'main' }),
      button(say('collection.clearYes'), () => {
        dialog.close();
        yes();
      }),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
