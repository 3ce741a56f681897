/**
 * The first view: what the app does, and the two ways to give it a picture.
 *
 * In:    how far the app has loaded; the kinds that the model knows
 * Out:   a view
 * Needs: sketches.ts
 */

import type { Card } from '../core';
import { say, sayKind, sayTell } from '../words';
import { button, el } from './dom';
import { sketch } from './sketches';

/** What the view can do for the page. */
export interface HomeHost {
  camera(): void;
  choose(): void;
}

/** Return the view; `loading` are the words while the app is not ready yet, then null. */
export function welcomeView(
  loading: string | null,
  progress: { readonly loaded: number; readonly total: number } | null,
  card: Card | null,
  host: HomeHost,
): HTMLElement {
  return el(
    'section',
    { class: 'home', 'aria-labelledby': 'home-title' },
    el('h1', { id: 'home-title', tabindex: '-1' }, say('look.title')),
    el('p', { class: 'lead' }, say('app.about')),
    loading === null
      ? el(
          'div',
          { class: 'bar' },
          button(say('look.camera'), host.camera, { class: 'main' }),
          button(say('look.choose'), host.choose),
        )
      : el(
          'div',
          { class: 'loading', role: 'status' },
          el('p', {}, loading),
          el('progress', {
            max: progress?.total ?? null,
            value: progress?.loaded ?? null,
            'aria-label': loading,
          }),
        ),
    el('p', { class: 'more' }, say('look.hint')),
    el('p', { class: 'more wide' }, say('look.drop')),
    card ? known(card) : null,
  );
}

function known({ kinds }: Card): HTMLElement {
  const rows = kinds.map((kind) =>
    el(
      'li',
      {},
      sketch(kind),
      el('span', {}, el('strong', {}, sayKind(kind)), el('span', { class: 'more' }, sayTell(kind))),
    ),
  );
  return el('section', { class: 'known' }, el('h2', {}, say('look.known')), el('ul', {}, ...rows));
}
