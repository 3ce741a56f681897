/**
 * The dialog for one key: evidence, probabilities of all kinds, measurements, and the correction of a wrong answer.
 *
 * In:    a KeyResult and its index; the engine
 * Out:   a dialog
 * Needs: describe.ts, kinds.ts, store.ts
 */

import { constants } from '../core';
import { CAUSES, type Cause, LIMITS, MAXIMUMS } from '../core/causes';
import { colourOf } from '../core/gradcam';
import type { Engine } from '../engine/client';
import type { KeyResult } from '../engine/protocol';
import { formatNumber, formatPercent, isAboutKeys, t } from '../words';
import { answerText, detailText, isWhole, statusOf } from './describe';
import { bitmapCanvas, button, el } from './dom';
import { kindHint, kindLabel, sketch } from './kinds';
import { addPhoto, NOT_A_KEY, SAID_NOT_A_KEY, SAID_NOT_SURE } from './store';

const DIGITS: Readonly<Partial<Record<Cause, number>>> = { small: 0, blurred: 4 }; // else 2
const RAMP_STEPS = 24; // pixels between two colours of the scale
const MAX_KINDS = 20; // the most probable ones; a model may have a thousand

/** What the dialog needs of the page. */
export interface DetailHost {
  readonly engine: Engine;
  readonly kinds: readonly string[];
  readonly maps: boolean; // whether the model outputs class maps
  readonly stored: Map<number, number>; // index of a key -> id of its photo in the collection
  reportError(error: unknown): void;
}

/** Open the dialog. */
export async function openDetail(key: KeyResult, index: number, host: DetailHost): Promise<void> {
  const answer = answerText(key);
  const title = isWhole(key) ? answer : t('detail.title', { n: index + 1, answer });
  const advice = detailText(key);
  const evidence = el('figure', { class: 'evidence' });
  const dialog = el(
    'dialog',
    { class: 'detail', 'aria-labelledby': 'detail-title' },
    el(
      'header',
      {},
      el('h2', { id: 'detail-title', tabindex: '-1' }, title),
      button('✕', () => dialog.close(), { class: 'close', 'aria-label': t('detail.close') }),
    ),
    advice ? el('p', { class: `advice ${statusOf(key)}` }, advice) : null,
    evidence,
    kindList(key, index, evidence, host),
    correctionForm(key, index, host),
    isWhole(key) ? null : measurementTable(key), // its limits are of keys
  );
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  await showEvidence(key.verdict.best, index, evidence, host);
}

/** Show the heat map for a kind; without evidence, the key alone. */
async function showEvidence(
  kind: string,
  index: number,
  figure: HTMLElement,
  host: DetailHost,
): Promise<void> {
  try {
    const heatMap = await host.engine.call('heatMap', index, kind);
    const bitmap = heatMap ?? (await host.engine.call('keyImage', index));
    const none = host.maps ? 'detail.noEvidence' : 'detail.noMaps';
    const caption = t(heatMap ? 'detail.evidence' : none, { kind: kindLabel(kind) });
    const scale = heatMap ? colourScale() : null;
    figure.replaceChildren(bitmapCanvas(bitmap, caption), el('figcaption', {}, caption, scale));
  } catch (error) {
    host.reportError(error);
  }
}

function colourScale(): HTMLElement {
  const ramp = el('canvas', {
    width: constants.gradcam.COLOURS.length * RAMP_STEPS,
    height: 1,
    'aria-hidden': 'true',
  });
  const context = ramp.getContext('2d');
  for (let x = 0; context && x < ramp.width; x++) {
    const rgb = colourOf(x / (ramp.width - 1)).map(Math.round);
    context.fillStyle = `rgb(${rgb.join()})`;
    context.fillRect(x, 0, 1, 1);
  }
  return el('span', { class: 'scale' }, t('detail.low'), ramp, t('detail.high'));
}

/** Return all kinds with their probabilities, as buttons that show the evidence. */
function kindList(key: KeyResult, index: number, figure: HTMLElement, host: DetailHost): HTMLElement {
  const buttons: HTMLButtonElement[] = [];
  const rows = key.verdict.probabilities.slice(0, MAX_KINDS).map(({ kind, probability }) => {
    const kindButton = el(
      'button',
      { type: 'button', class: 'kind', 'aria-pressed': String(kind === key.verdict.best) },
      sketch(kind),
      kindRow(kind, probability),
    );
    kindButton.addEventListener('click', () => {
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === kindButton));
      void showEvidence(kind, index, figure, host);
    });
    buttons.push(kindButton);
    return el('li', {}, kindButton);
  });
  return el('section', {}, el('h3', {}, t('detail.kinds')), el('ul', { class: 'kinds' }, ...rows));
}

function kindRow(kind: string, probability: number): HTMLElement {
  const bar = el('span', { class: 'bar-fill' });
  bar.style.inlineSize = `${100 * probability}%`;
  return el(
    'span',
    { class: 'kind-row' },
    el(
      'span',
      { class: 'kind-name' },
      el('strong', {}, kindLabel(kind)),
      el('span', {}, formatPercent(probability)),
    ),
    el('span', { class: 'bar-track', 'aria-hidden': 'true' }, bar),
    kindHint(kind) ? el('span', { class: 'hint' }, kindHint(kind)) : null,
    el('span', { class: 'visually-hidden' }, t('detail.show', { kind: kindLabel(kind) })),
  );
}

/** Return the form that adds the photo to the collection under the right kind. */
function correctionForm(key: KeyResult, index: number, host: DetailHost): HTMLElement {
  const kinds = key.verdict.probabilities.map(({ kind }) => kind);
  const select = el(
    'select',
    { id: 'correct-kind' },
    ...kinds.map((kind) => el('option', { value: kind }, kindLabel(kind))),
    el('option', { value: NOT_A_KEY }, t('key.notKey')),
  );
  const result = el('p', { class: 'result', role: 'status' });
  const add = async (): Promise<void> => {
    try {
      const photo = await host.engine.call('keyPhoto', index);
      const said = key.verdict.isKey ? (key.verdict.kind ?? SAID_NOT_SURE) : SAID_NOT_A_KEY;
      const id = await addPhoto(
        { kind: select.value, said, photo, kinds: host.kinds, ofKeys: isAboutKeys() },
        host.stored.get(index),
      );
      host.stored.set(index, id);
      const kind = select.value === NOT_A_KEY ? t('key.notKey') : kindLabel(select.value);
      result.textContent = t('correct.added', { kind });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      result.textContent = t('collection.failed', { why });
    }
  };
  return el(
    'section',
    { class: 'correct' },
    el('h3', {}, t('correct.title')),
    el('p', {}, t('correct.text')),
    el(
      'div',
      { class: 'bar' },
      el('label', { for: 'correct-kind' }, t('correct.kind')),
      select,
      button(t('correct.add'), () => void add()),
    ),
    result,
  );
}

/** Return the measurements and their limits. */
function measurementTable({ measurements, causes }: KeyResult): HTMLElement {
  const rows = CAUSES.filter((cause) => measurements[cause] !== null).map((cause) => {
    const digits = DIGITS[cause] ?? 2;
    const limit = formatNumber(LIMITS[cause], digits);
    return el(
      'tr',
      causes.includes(cause) ? { class: 'beyond' } : {},
      el('th', { scope: 'row' }, t(`measure.${cause}`)),
      el('td', {}, formatNumber(measurements[cause] ?? 0, digits)),
      el('td', {}, t(MAXIMUMS.has(cause) ? 'measure.atMost' : 'measure.atLeast', { value: limit })),
    );
  });
  const headings = (['measure.name', 'measure.value', 'measure.limit'] as const).map((message) =>
    el('th', { scope: 'col' }, t(message)),
  );
  return el(
    'details',
    { class: 'measurements' },
    el('summary', {}, t('measure.title')),
    el('table', {}, el('thead', {}, el('tr', {}, ...headings)), el('tbody', {}, ...rows)),
  );
}
