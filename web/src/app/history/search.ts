/**
 * Finding photos in the history by what they show.
 *
 * In:    summaries; what the user chose and typed
 * Out:   facets with counts; the summaries that match
 * Needs: storage/summary.ts
 */

import type { Summary, SummaryKey } from '../storage/summary';

/** What a photo can be found by. */
export type Facet =
  | { readonly type: 'kind'; readonly kind: string }
  | { readonly type: 'mine'; readonly name: string } // one of the user's keys
  | { readonly type: 'unsure' }
  | { readonly type: 'nothing' } // no key
  | { readonly type: 'corrected' };

/** A facet and the number of photos that have it. */
export interface FacetCount {
  readonly id: string;
  readonly facet: Facet;
  readonly count: number;
}

const ORDER: readonly Facet['type'][] = ['mine', 'kind', 'unsure', 'nothing', 'corrected'];

/** Return a facet as a string that is equal for equal facets. */
export function idOf(facet: Facet): string {
  if (facet.type === 'kind') return `kind:${facet.kind}`;
  return facet.type === 'mine' ? `mine:${facet.name}` : facet.type;
}

/** Return the facets of a photo, each once. */
export function facetsOf({ keys }: Pick<Summary, 'keys'>): Facet[] {
  const shown = keys.filter(({ isKey }) => isKey);
  const facets = shown.flatMap(facetsOfKey);
  if (!shown.length) facets.push({ type: 'nothing' });
  if (keys.some(({ isCorrected }) => isCorrected)) facets.push({ type: 'corrected' });
  return [...new Map(facets.map((facet) => [idOf(facet), facet])).values()];
}

/** Return the facets of all photos: the user's keys first, then kinds, the most frequent first. */
export function countFacets(summaries: readonly Summary[]): FacetCount[] {
  const counts = new Map<string, FacetCount>();
  for (const facet of summaries.flatMap((summary) => facetsOf(summary))) {
    const id = idOf(facet);
    counts.set(id, { id, facet, count: (counts.get(id)?.count ?? 0) + 1 });
  }
  return [...counts.values()].sort(
    (one, other) =>
      ORDER.indexOf(one.facet.type) - ORDER.indexOf(other.facet.type) ||
      other.count - one.count ||
      (one.id < other.id ? -1 : 1),
  );
}

/**
 * Return the photos that have one of the chosen facets, all if none is chosen, and each typed word in what they show.
 *
 * labelOf: a facet as the user reads it.
 */
export function search(
  summaries: readonly Summary[],
  chosen: ReadonlySet<string>,
  typed: string,
  labelOf: (facet: Facet) => string,
): readonly Summary[] {
  const words = folded(typed).split(/\s+/).filter(Boolean);
  if (!words.length && !chosen.size) return summaries;
  const labels = new Map<string, string>(); // by facet: there are few, and many photos
  const labelled = (facet: Facet): string => {
    const id = idOf(facet);
    const label = labels.get(id) ?? folded(labelOf(facet));
    labels.set(id, label);
    return label;
  };
  return summaries.filter((summary) => {
    const facets = facetsOf(summary);
    if (chosen.size && !facets.some((facet) => chosen.has(idOf(facet)))) return false;
    const text = [...facets.map(labelled), folded(summary.name ?? '')].join(' ');
    return words.every((word) => text.includes(word));
  });
}

function facetsOfKey({ kind, myKey }: SummaryKey): Facet[] {
  const mine: Facet[] = myKey ? [{ type: 'mine', name: myKey }] : [];
  return [...mine, kind === null ? { type: 'unsure' } : { type: 'kind', kind }];
}

/** Return text without case and accents: people leave them out when they search. */
function folded(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase();
}
