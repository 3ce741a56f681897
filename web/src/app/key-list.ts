/**
 * A list of keys with their answers.
 *
 * In:    KeyResult(s)
 * Out:   a list; its entries may open the key
 * Needs: describe.ts, kinds.ts
 */

import type { KeyResult } from '../engine/protocol';
import { t } from '../words';
import { answerText, detailText, isWhole, statusOf } from './describe';
import { el } from './dom';
import { sketch } from './kinds';

/** Return the list; without `onOpen`, its entries are not buttons. */
export function keyList(keys: readonly KeyResult[], onOpen?: (index: number) => void): HTMLElement {
  return el('ol', { class: 'keys' }, ...keys.map((key, i) => el('li', {}, entry(key, i, onOpen))));
}

function entry(key: KeyResult, index: number, onOpen?: (index: number) => void): HTMLElement {
  const { kind } = key.verdict;
  const isNumbered = !isWhole(key);
  const detail = detailText(key);
  const children = [
    isNumbered && el('span', { class: 'badge', 'aria-hidden': 'true' }, String(index + 1)),
    el(
      'span',
      { class: 'answer' },
      isNumbered && el('span', { class: 'visually-hidden' }, `${t('key.title', { n: index + 1 })}: `),
      el('strong', {}, answerText(key)),
      detail ? el('span', { class: 'secondary' }, detail) : null,
      onOpen ? el('span', { class: 'details' }, t('key.details')) : null,
    ),
    kind === null ? null : sketch(kind),
  ];
  const attributes = { class: `entry ${statusOf(key)}` };
  if (!onOpen) return el('div', attributes, ...children);
  return el('button', { ...attributes, type: 'button', on: { click: () => onOpen(index) } }, ...children);
}
