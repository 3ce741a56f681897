/**
 * Keys -> a list of their answers, each of which opens the key.
 *
 * In:    SeenKey(s)
 * Out:   a list
 * Needs: answers.ts
 */

import type { SeenKey } from '../engine/protocol';
import { say } from '../words';
import { answerOf, detailOf, sortOf } from './answers';
import { el } from './dom';
import { sketch } from './sketches';

/** Return a list of keys; without `opened` its entries only tell. */
export function keyList(keys: readonly SeenKey[], opened?: (key: number) => void): HTMLElement {
  return el('ol', { class: 'keys' }, ...keys.map((key, number) => el('li', {}, entry(key, number, opened))));
}

function entry(key: SeenKey, number: number, opened?: (key: number) => void): HTMLElement {
  const { kind } = key.verdict;
  const detail = detailOf(key);
  const children = [
    el('span', { class: 'badge', 'aria-hidden': 'true' }, String(number + 1)),
    el(
      'span',
      { class: 'said' },
      el('span', { class: 'hidden' }, `${say('key.title', { n: number + 1 })}: `),
      el('strong', {}, answerOf(key)),
      detail ? el('span', { class: 'more' }, detail) : null,
      opened ? el('span', { class: 'why' }, say('key.why')) : null,
    ),
    kind === null ? null : sketch(kind),
  ];
  const parts = { class: `entry ${sortOf(key)}` };
  if (!opened) return el('div', parts, ...children);
  return el('button', { ...parts, type: 'button', on: { click: () => opened(number) } }, ...children);
}
