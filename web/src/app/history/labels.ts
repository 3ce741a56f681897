/**
 * What photos in lists show, in words.
 *
 * In:    summaries, facets
 * Out:   labels
 * Needs: kinds/kinds.ts, words
 */

import { formatProbability, t } from '../../words';
import type { Status } from '../answer/describe';
import { kindLabel } from '../kinds/kinds';
import type { Summary, SummaryKey } from '../storage/summary';
import { type Facet, facetsOf } from './search';

const MAX_SINGLE = 2; // keys whose probabilities there is room for

/** Return a facet as the user reads it. */
export function facetLabel(facet: Facet): string {
  switch (facet.type) {
    case 'kind':
      return kindLabel(facet.kind);
    case 'mine':
      return facet.name;
    case 'unsure':
      return t('key.notSure');
    case 'nothing':
      return t('history.nothing');
    case 'corrected':
      return t('history.corrected');
  }
}

/** Return what a photo shows: each kind once. */
export function photoLabel(summary: Summary): string {
  return facetsOf(summary)
    .filter(({ type }) => type !== 'corrected')
    .map((facet) => facetLabel(facet))
    .join(', ');
}

/** Return the answer for each key, "dimple, 97%", "not sure"; for many keys, how many are of which kind. */
export function answersText({ keys }: Pick<Summary, 'keys'>): string {
  const shown = keys.filter(({ isKey }) => isKey);
  if (!shown.length) return t('history.nothing');
  if (shown.length <= MAX_SINGLE) return shown.map(keyText).join(' · ');
  const counts = new Map<string, number>();
  for (const { kind, myKey } of shown) {
    const label = myKey ?? (kind === null ? t('key.notSure') : kindLabel(kind));
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const texts = [...counts].map(([label, n]) => (n === 1 ? label : t('history.several', { n, kind: label })));
  return texts.join(' · ');
}

/** Return the sort of answer of a photo: that of its least certain key. */
export function statusOfPhoto({ keys }: Pick<Summary, 'keys'>): Status {
  const shown = keys.filter(({ isKey }) => isKey);
  if (!shown.length) return 'nokey';
  return shown.some(({ kind, myKey }) => kind === null && myKey === null) ? 'unsure' : 'sure';
}

function keyText({ kind, isCorrected, probability, myKey }: SummaryKey): string {
  const name = kind === null ? t('key.notSure') : kindLabel(kind);
  if (myKey) return `${myKey} (${name})`;
  if (kind === null || isCorrected) return name;
  return t('key.answer', { kind: name, probability: formatProbability(probability) });
}
