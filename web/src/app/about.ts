/**
 * The about page: what the app is, its language and its model.
 *
 * In:    the model card; how long the last image took
 * Out:   a view
 * Needs: kinds.ts, words
 */

import type { Card } from '../core';
import { currentLanguage, formatNumber, languageNames, t } from '../words';
import { el } from './dom';
import { kindLabel } from './kinds';

/** Return the view. */
export function aboutView(
  card: Card | null,
  milliseconds: number | null,
  onLanguage: (language: string) => void,
): HTMLElement {
  return el(
    'section',
    { class: 'about', 'aria-labelledby': 'about-title' },
    el('h1', { id: 'about-title', tabindex: '-1' }, t('about.title')),
    el('p', {}, t('about.text')),
    el('h2', {}, el('label', { for: 'language' }, t('about.language'))),
    languageSelect(onLanguage, 'language'),
    card ? el('h2', {}, t('about.model')) : null,
    card ? modelFacts(card, milliseconds) : null,
    el('h2', {}, t('about.test')),
    el('p', {}, t('about.testText')),
    el('p', {}, el('a', { href: 'selftest.html' }, t('about.test'))),
    el('p', {}, el('a', { href: 'licences.txt' }, t('about.licences'))),
  );
}

/** Return the language menu, each language under its own name. */
function languageSelect(onLanguage: (language: string) => void, id: string): HTMLElement {
  const options = languageNames().map(([language, name]) =>
    el('option', { value: language, lang: language, selected: language === currentLanguage() }, name),
  );
  const select = el('select', { id }, ...options);
  select.addEventListener('change', () => onLanguage(select.value));
  return select;
}

function modelFacts(card: Card, milliseconds: number | null): HTMLElement {
  const facts = [
    t('about.version', { version: card.keykind, precision: card.precision }),
    t('about.kinds', { kinds: card.kinds.map(kindLabel).join(', ') }),
  ];
  if (card.licence) facts.push(t('about.licence', { licence: card.licence }));
  if (milliseconds !== null) facts.push(t('about.speed', { ms: formatNumber(milliseconds, 0) }));
  return el('ul', {}, ...facts.map((fact) => el('li', {}, fact)));
}
