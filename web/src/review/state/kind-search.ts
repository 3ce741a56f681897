/**
 * Kinds by what is typed: those that there are, or a new one.
 *
 * In:    kinds, a text
 * Out:   the kinds that match; the name that the text means
 * Needs: api.ts
 */

import type { Kind } from '../api';

/** Return the kinds whose names contain a text, those that start with it first; all if it is empty. */
export function matching(kinds: readonly Kind[], text: string): readonly Kind[] {
  const wanted = plain(text);
  const found = kinds.filter(({ name }) => plain(name).includes(wanted));
  const starts = ({ name }: Kind): number => Number(!plain(name).startsWith(wanted));
  return wanted ? found.sort((a, b) => starts(a) - starts(b)) : kinds;
}

/** Return the kind that a text names: one that there is, else the text without spaces around it; null: none. */
export function meant(kinds: readonly Kind[], text: string): string | null {
  return kinds.find(({ name }) => plain(name) === plain(text))?.name ?? (text.trim() || null);
}

/** Capitals, and a space for an underscore, make no other kind. */
function plain(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replaceAll(/[_\s]+/g, ' ');
}
