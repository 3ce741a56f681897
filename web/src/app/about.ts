/**
 * The about page: what the app is, its language and its models.
 *
 * In:    the model that runs; how long the last image took
 * Out:   a view; the user's choice of a language or a model
 * Needs: kinds.ts, model-text.ts, models.ts, words
 */

import { currentLanguage, formatNumber, languageNames, t } from '../words';
import { button, el } from './dom';
import { kindLabel } from './kinds';
import { originText } from './model-text';
import { type OwnModel, remembered } from './models';
import type { Running } from './session';
import { deleteModel } from './store';

const MAX_LISTED = 60; // classes; a model may have a thousand

/** What the user can do here. */
export interface AboutActions {
  chooseLanguage(language: string): void;
  chooseModel(): void; // a file
  useModel(model: OwnModel | null): void; // null: the app's own
  reportError(error: unknown): void;
}

/** Return the view. */
export function aboutView(
  running: Running | null,
  milliseconds: number | null,
  hasSelfTest: boolean,
  actions: AboutActions,
): HTMLElement {
  return el(
    'section',
    { class: 'about', 'aria-labelledby': 'about-title' },
    el('h1', { id: 'about-title', tabindex: '-1' }, t('about.title')),
    el('p', {}, t('about.text')),
    el('h2', {}, el('label', { for: 'language' }, t('about.language'))),
    languageSelect(actions, 'language'),
    ...(running ? modelParts(running, milliseconds, actions) : []),
    ...(hasSelfTest ? selfTestParts() : []),
    el('p', {}, el('a', { href: 'licences.txt' }, t('about.licences'))),
  );
}

/** Return the language menu, each language under its own name. */
function languageSelect(actions: AboutActions, id: string): HTMLElement {
  const options = languageNames().map(([language, name]) =>
    el('option', { value: language, lang: language, selected: language === currentLanguage() }, name),
  );
  const select = el('select', { id }, ...options);
  select.addEventListener('change', () => actions.chooseLanguage(select.value));
  return select;
}

function modelParts(running: Running, milliseconds: number | null, actions: AboutActions): HTMLElement[] {
  return [
    el('h2', {}, t('about.model')),
    modelFacts(running, milliseconds),
    el('h3', {}, t('model.others')),
    howToOpen(),
    modelList(running, actions),
    el('div', { class: 'bar' }, button(t('model.open'), actions.chooseModel)),
  ];
}

/** Return how to open another model; the parameter is not to be broken at its question mark. */
function howToOpen(): HTMLElement {
  const [before, after] = t('model.how', { parameter: '\n' }).split('\n');
  return el('p', {}, before ?? '', el('code', {}, '?model='), after ?? '');
}

function modelFacts({ card, own }: Running, milliseconds: number | null): HTMLElement {
  const kinds = card.kinds.slice(0, MAX_LISTED).map(kindLabel).join(', ');
  const facts = [
    own ? `${own.name} (${originText(own)})` : t('model.ofApp'),
    t('about.kinds', { kinds: card.kinds.length > MAX_LISTED ? `${kinds}, …` : kinds }),
    t('about.version', { version: card.keykind, precision: card.precision }),
  ];
  if (card.licence) facts.push(t('about.licence', { licence: card.licence }));
  if (milliseconds !== null) facts.push(t('about.speed', { ms: formatNumber(milliseconds, 0) }));
  return el('ul', {}, ...facts.map((fact) => el('li', {}, fact)));
}

/** Return the app's model and those that were opened, except the one that runs; they appear when they have been read. */
function modelList({ own }: Running, actions: AboutActions): HTMLElement {
  const list = el('ul', { class: 'models' });
  const draw = async (): Promise<void> => {
    const others = (await remembered()).filter(({ digest }) => digest !== own?.digest);
    const remove = (model: OwnModel): void =>
      void deleteModel(model.digest).then(draw).catch(actions.reportError);
    list.replaceChildren(
      ...(own ? [el('li', {}, el('span', {}, t('model.ofApp')), useButton(null, actions))] : []),
      ...others.map((model) => otherModel(model, actions, remove)),
    );
  };
  draw().catch(actions.reportError);
  return list;
}

function otherModel(model: OwnModel, actions: AboutActions, remove: (model: OwnModel) => void): HTMLElement {
  const classes = model.kinds.slice(0, MAX_LISTED).join(', ');
  return el(
    'li',
    {},
    el(
      'span',
      {},
      el('strong', {}, model.name),
      el('span', { class: 'secondary' }, `${classes} · ${originText(model)}`),
    ),
    useButton(model, actions),
    button('✕', () => remove(model), {
      class: 'close',
      'aria-label': t('model.remove', { name: model.name }),
    }),
  );
}

function useButton(model: OwnModel | null, actions: AboutActions): HTMLElement {
  const name = model?.name ?? t('model.ofApp');
  return button(t('model.use'), () => actions.useModel(model), {
    'aria-label': t('model.useNamed', { name }),
  });
}

function selfTestParts(): HTMLElement[] {
  return [
    el('h2', {}, t('about.test')),
    el('p', {}, t('about.testText')),
    el('p', {}, el('a', { href: 'selftest.html' }, t('about.test'))),
  ];
}
