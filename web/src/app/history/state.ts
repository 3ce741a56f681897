/**
 * The state of the history, which stays while the user looks at an answer and comes back.
 *
 * In:    the storage; what the user chooses
 * Out:   signals
 * Needs: storage/entries.ts, @preact/signals
 */

import { signal } from '@preact/signals';
import { allSummaries } from '../storage/entries';
import type { Summary } from '../storage/summary';
import { storageErrorText } from '../storage/text';

/** All entries, the newest first; null: not read yet. */
export const summaries = signal<readonly Summary[] | null>(null);
/** Why they cannot be read, for the user; empty: they can. */
export const problem = signal('');
export const typed = signal(''); // into the search field
export const chosen = signal<ReadonlySet<string>>(new Set()); // facets, by id
/** The ids of selected entries; null: the user is not selecting. */
export const selected = signal<ReadonlySet<number> | null>(null);

/** How far the user has scrolled, and how many entries are shown. */
export const place = { top: 0, count: 0 };

/** Read the entries. */
export async function load(): Promise<void> {
  try {
    summaries.value = await allSummaries();
    problem.value = '';
  } catch (error) {
    problem.value = storageErrorText(error);
    summaries.value ??= [];
  }
}
