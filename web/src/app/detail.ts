/**
 * One key, opened: why it got its answer, the other kinds, and the correction of a wrong answer.
 *
 * In:    a SeenKey and its number; the engine
 * Out:   a dialog
 * Needs: answers.ts, sketches.ts, store.ts
 */

import { constants } from '../core';
import { CAUSES, type Cause, LIMITS } from '../core/causes';
import { colourOf } from '../core/overlay';
import type { Engine } from '../engine/client';
import type { SeenKey } from '../engine/protocol';
import { number, percent, say, sayKind, sayTell } from '../words';
import { answerOf, detailOf, sortOf } from './answers';
import { button, el, pictureOf } from './dom';
import { sketch } from './sketches';
import { keep, NOT_A_KEY } from './store';

const MORE: readonly Cause[] = ['hidden', 'glare', 'slanted']; // more of these is worse, less of the others
const DIGITS: Readonly<Partial<Record<Cause, number>>> = { small: 0, blurred: 4 };

/** What the dialog needs of the page. */
export interface DetailHost {
  readonly engine: Engine;
  readonly maps: boolean; // whether the model gives heat maps
  readonly kept: Map<number, number>; // key -> its photo in the collection
  fault(error: unknown): void;
}

/** Open a key. */
export async function openDetail(key: SeenKey, place: number, host: DetailHost): Promise<void> {
  const title = say('detail.title', { n: place + 1, answer: answerOf(key) });
  const more = detailOf(key);
  const evidence = el('figure', { class: 'evidence' });
  const dialog = el(
    'dialog',
    { class: 'detail', 'aria-labelledby': 'detail-title' },
    el(
      'header',
      {},
      el('h2', { id: 'detail-title', tabindex: '-1' }, title),
      button('✕', () => dialog.close(), { class: 'close', 'aria-label': say('detail.close') }),
    ),
    more ? el('p', { class: `advice ${sortOf(key)}` }, more) : null,
    evidence,
    kinds(key, place, evidence, host),
    correction(key, place, host),
    measured(key),
  );
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  await showEvidence(key.verdict.best, place, evidence, host);
}

async function showEvidence(kind: string, place: number, into: HTMLElement, host: DetailHost): Promise<void> {
  try {
    const drawn = await host.engine.ask('evidence', place, kind);
    const bitmap = drawn ?? (await host.engine.ask('evidence', place, null));
    if (!bitmap) return;
    const none = host.maps ? 'detail.noEvidence' : 'detail.noMaps';
    const words = say(drawn ? 'detail.evidence' : none, { kind: sayKind(kind) });
    into.replaceChildren(pictureOf(bitmap, words), el('figcaption', {}, words, drawn ? scale() : null));
  } catch (error) {
    host.fault(error);
  }
}

/** Return the scale of the colours. */
function scale(): HTMLElement {
  const ramp = el('canvas', {
    width: constants.gradcam.COLOURS.length * 24,
    height: 1,
    'aria-hidden': 'true',
  });
  const pen = ramp.getContext('2d');
  for (let x = 0; pen && x < ramp.width; x++) {
    pen.fillStyle = `rgb(${colourOf(x / (ramp.width - 1))
      .map(Math.round)
      .join()})`;
    pen.fillRect(x, 0, 1, 1);
  }
  return el('span', { class: 'scale' }, say('detail.low'), ramp, say('detail.high'));
}

/** Return all kinds with their probabilities; each shows its evidence. */
function kinds(key: SeenKey, place: number, evidence: HTMLElement, host: DetailHost): HTMLElement {
  const shows: HTMLButtonElement[] = [];
  const rows = key.verdict.probabilities.map(({ kind, probability }) => {
    const bar = el('span', { class: 'bar-fill' });
    bar.style.inlineSize = `${100 * probability}%`;
    const show = el(
      'button',
      { type: 'button', class: 'kind', 'aria-pressed': String(kind === key.verdict.best) },
      sketch(kind),
      el(
        'span',
        { class: 'kind-words' },
        el(
          'span',
          { class: 'kind-name' },
          el('strong', {}, sayKind(kind)),
          el('span', {}, percent(probability)),
        ),
        el('span', { class: 'bar-track', 'aria-hidden': 'true' }, bar),
        el('span', { class: 'tell' }, sayTell(kind)),
        el('span', { class: 'hidden' }, say('detail.show', { kind: sayKind(kind) })),
      ),
    );
    show.addEventListener('click', () => {
      for (const one of shows) one.setAttribute('aria-pressed', String(one === show));
      void showEvidence(kind, place, evidence, host);
    });
    shows.push(show);
    return el('li', {}, show);
  });
  return el('section', {}, el('h3', {}, say('detail.kinds')), el('ul', { class: 'kinds' }, ...rows));
}

/** Return the form in which a person says what the key is. */
function correction(key: SeenKey, place: number, host: DetailHost): HTMLElement {
  const names = key.verdict.probabilities.map(({ kind }) => kind);
  const choice = el(
    'select',
    { id: 'correct-kind' },
    ...names.map((kind) => el('option', { value: kind }, sayKind(kind))),
    el('option', { value: NOT_A_KEY }, say('key.notKey')),
  );
  const result = el('p', { class: 'result', role: 'status' });
  const keepIt = async (): Promise<void> => {
    try {
      const photo = await host.engine.ask('keep', place);
      const said = key.verdict.isKey ? (key.verdict.kind ?? 'not sure') : 'not a key';
      host.kept.set(place, await keep({ kind: choice.value, said, photo }, host.kept.get(place)));
      const kind = choice.value === NOT_A_KEY ? say('key.notKey') : sayKind(choice.value);
      result.textContent = say('correct.kept', { kind });
    } catch (error) {
      result.textContent = say('collection.failed', { why: error instanceof Error ? error.message : '' });
    }
  };
  return el(
    'section',
    { class: 'correct' },
    el('h3', {}, say('correct.title')),
    el('p', {}, say('correct.text')),
    el(
      'div',
      { class: 'bar' },
      el('label', { for: 'correct-kind' }, say('correct.choose')),
      choice,
      button(say('correct.keep'), () => void keepIt()),
    ),
    result,
  );
}

/** Return what was measured in the picture, beside the limits. */
function measured({ measures, causes }: SeenKey): HTMLElement {
  const rows = CAUSES.filter((cause) => measures[cause] !== null).map((cause) => {
    const digits = DIGITS[cause] ?? 2;
    const limit = say(MORE.includes(cause) ? 'measure.atMost' : 'measure.atLeast', {
      value: number(LIMITS[cause], digits),
    });
    return el(
      'tr',
      causes.includes(cause) ? { class: 'beyond' } : {},
      el('th', { scope: 'row' }, say(`measure.${cause}`)),
      el('td', {}, number(measures[cause] ?? 0, digits)),
      el('td', {}, limit),
    );
  });
  const heads = (['measure.name', 'measure.value', 'measure.limit'] as const).map((word) =>
    el('th', { scope: 'col' }, say(word)),
  );
  return el(
    'details',
    { class: 'measured' },
    el('summary', {}, say('measure.title')),
    el('table', {}, el('thead', {}, el('tr', {}, ...heads)), el('tbody', {}, ...rows)),
  );
}
