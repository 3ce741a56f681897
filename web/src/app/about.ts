/**
 * What the app is, its language, its model.
 *
 * In:    the model's card; how long the last picture took
 * Out:   a view
 * Needs: words
 */

import type { Card } from '../core';
import { LANGUAGES, languageNow, number, percent, say, sayKind } from '../words';
import { el } from './dom';

/** Return the view. */
export function aboutView(
  card: Card | null,
  milliseconds: number | null,
  chosen: (language: string) => void,
): HTMLElement {
  return el(
    'section',
    { class: 'about', 'aria-labelledby': 'about-title' },
    el('h1', { id: 'about-title', tabindex: '-1' }, say('about.title')),
    el('p', {}, say('about.text')),
    el('h2', {}, el('label', { for: 'language' }, say('about.language'))),
    languageChoice(chosen, 'language'),
    card ? el('h2', {}, say('about.model')) : null,
    card ? facts(card, milliseconds) : null,
    el('h2', {}, say('about.test')),
    el('p', {}, say('about.testText')),
    el('p', {}, el('a', { href: 'selftest.html' }, say('about.test'))),
    el('p', {}, el('a', { href: 'licences.txt' }, say('about.licences'))),
  );
}

/** Return the choice of a language; each is named in itself. */
function languageChoice(chosen: (language: string) => void, id: string): HTMLElement {
  const options = Object.entries(LANGUAGES).map(([code, words]) =>
    el('option', { value: code, lang: code, selected: code === languageNow() }, words.language),
  );
  const choice = el('select', { id }, ...options);
  choice.addEventListener('change', () => chosen(choice.value));
  return choice;
}

function facts(card: Card, milliseconds: number | null): HTMLElement {
  const sentences = [
    say('about.version', { version: card.keykind, precision: card.precision }),
    say('about.kinds', { kinds: card.kinds.map(sayKind).join(', ') }),
    say('about.sure', { probability: percent(card.leastProbability) }),
    card.licence ? say('about.licence', { licence: card.licence }) : null,
    milliseconds === null ? null : say('about.speed', { ms: number(milliseconds, 0) }),
  ];
  const told = sentences.filter((one): one is string => one !== null);
  return el('ul', {}, ...told.map((sentence) => el('li', {}, sentence)));
}
