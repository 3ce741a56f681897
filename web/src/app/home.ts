/**
 * The start page: what the app does, and the camera or a photo as input.
 *
 * In:    loading progress; the model card
 * Out:   a view
 * Needs: kinds.ts, words
 */

import type { Card } from '../core';
import { t } from '../words';
import { button, el } from './dom';
import { kindHint, kindLabel, sketch } from './kinds';

/** What the user can do here. */
export interface HomeActions {
  openCamera(): void;
  choosePhoto(): void;
}

/** How much of the first visit's download is done. */
export interface Progress {
  readonly loaded: number; // bytes
  readonly total: number;
}

/** Return the view; `loading` is the message while the app is loading, null afterwards. */
export function homeView(
  loading: string | null,
  progress: Progress | null,
  card: Card | null,
  actions: HomeActions,
): HTMLElement {
  return el(
    'section',
    { class: 'home', 'aria-labelledby': 'home-title' },
    el('h1', { id: 'home-title', tabindex: '-1' }, t('home.title')),
    el('p', { class: 'lead' }, t('app.about')),
    loading === null ? buttons(actions) : loadingStatus(loading, progress),
    el('p', { class: 'secondary' }, t('home.hint')),
    el('p', { class: 'secondary wide' }, t('home.drop')),
    card ? knownKinds(card) : null,
  );
}

function buttons(actions: HomeActions): HTMLElement {
  return el(
    'div',
    { class: 'bar' },
    button(t('home.camera'), actions.openCamera, { class: 'main' }),
    button(t('home.choose'), actions.choosePhoto),
  );
}

function loadingStatus(message: string, progress: Progress | null): HTMLElement {
  const bar = el('progress', {
    max: progress?.total ?? null,
    value: progress?.loaded ?? null,
    'aria-label': message,
  });
  return el('div', { class: 'loading', role: 'status' }, el('p', {}, message), bar);
}

function knownKinds({ kinds }: Card): HTMLElement {
  const items = kinds.map((kind) =>
    el(
      'li',
      {},
      sketch(kind),
      el('span', {}, el('strong', {}, kindLabel(kind)), el('span', { class: 'secondary' }, kindHint(kind))),
    ),
  );
  return el('section', { class: 'known' }, el('h2', {}, t('home.known')), el('ul', {}, ...items));
}
