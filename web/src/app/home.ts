/**
 * The start page: what the app does, and the camera or a photo as input.
 *
 * In:    loading progress; the model that runs
 * Out:   a view
 * Needs: kinds.ts, words
 */

import type { Card } from '../core/card';
import { formatNumber, t } from '../words';
import { button, el } from './dom';
import { kindHint, kindLabel, sketch } from './kinds';
import { originText } from './model-text';
import type { OwnModel } from './models';
import type { Running } from './session';

const MAX_LISTED = 60; // classes; a model may have a thousand

/** What the user can do here. */
export interface HomeActions {
  openCamera(): void;
  choosePhoto(): void;
  useAppModel(): void;
}

/** How much of the first visit's download is done. */
export interface Progress {
  readonly loaded: number; // bytes
  readonly total: number;
}

/** Return the view; `running`: null while the app is loading, `progress` how far that is. */
export function homeView(
  running: Running | null,
  progress: Progress | null,
  actions: HomeActions,
): HTMLElement {
  return el(
    'section',
    { class: 'home', 'aria-labelledby': 'home-title' },
    el('h1', { id: 'home-title', tabindex: '-1' }, t('home.title')),
    el('p', { class: 'lead' }, t('app.about')),
    running ? buttons(actions) : loadingStatus(progress),
    running?.own ? ownModel(running.own, actions) : null,
    el('p', { class: 'secondary' }, t('home.hint')),
    el('p', { class: 'secondary wide' }, t('home.drop')),
    running ? knownKinds(running.card) : null,
  );
}

/** Show in the view's element, while the app is loading, how far that is. */
export function updateLoading(view: HTMLElement, progress: Progress): void {
  const bar = view.querySelector('progress');
  const message = view.querySelector('.loading p');
  if (bar) [bar.max, bar.value] = [progress.total, progress.loaded];
  if (message) message.textContent = loadingText(progress);
}

function buttons(actions: HomeActions): HTMLElement {
  return el(
    'div',
    { class: 'bar' },
    button(t('home.camera'), actions.openCamera, { class: 'main' }),
    button(t('home.choose'), actions.choosePhoto),
  );
}

function loadingStatus(progress: Progress | null): HTMLElement {
  const message = loadingText(progress);
  const bar = el('progress', {
    max: progress?.total ?? null,
    value: progress?.loaded ?? null,
    'aria-label': message,
  });
  return el('div', { class: 'loading', role: 'status' }, el('p', {}, message), bar);
}

function loadingText(progress: Progress | null): string {
  if (!progress) return t('load.start');
  const megabytes = (bytes: number): string => formatNumber(bytes / 1e6, 1);
  return t('load.first', { loaded: megabytes(progress.loaded), total: megabytes(progress.total) });
}

/** Return what says that this is not the app's own model, and the way back. */
function ownModel(model: OwnModel, actions: HomeActions): HTMLElement {
  return el(
    'aside',
    { class: 'own-model', 'aria-label': t('about.model') },
    el('p', {}, el('strong', {}, model.name), el('span', { class: 'secondary' }, originText(model))),
    button(t('model.back'), actions.useAppModel),
  );
}

function knownKinds({ kinds }: Card): HTMLElement {
  const items = kinds
    .slice(0, MAX_LISTED)
    .map((kind) =>
      el(
        'li',
        {},
        sketch(kind),
        el(
          'span',
          {},
          el('strong', {}, kindLabel(kind)),
          kindHint(kind) ? el('span', { class: 'secondary' }, kindHint(kind)) : null,
        ),
      ),
    );
  const hasSketches = kinds.some((kind) => sketch(kind) !== null);
  const more = kinds.length - items.length;
  return el(
    'section',
    { class: 'known' },
    el('h2', {}, t('home.known')),
    el('ul', { class: hasSketches ? null : 'names' }, ...items),
    more > 0 ? el('p', { class: 'secondary' }, t('home.more', { n: more })) : null,
  );
}
