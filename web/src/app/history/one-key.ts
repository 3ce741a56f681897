/**
 * Photos that all show one key -> one answer.
 *
 * In:    entries with their photos
 * Out:   a new answer, which is opened; the photos' own answers stay
 * Needs: answer/combining.ts
 */

import { notify } from '../../notices';
import { t } from '../../words';
import { combineEntries } from '../answer/combining';
import type { App } from '../app';
import { navigate } from '../router';
import type { Entry } from '../storage/entries';

/** How many photos can be combined: nobody takes more of one key. */
export const MAX_OF_ONE_KEY = 12;

const DEFAULT_THRESHOLD = 0.5; // until the model is loaded

/** Combine entries and show the answer, or say why that is not possible. */
export async function openAsOneKey(app: App, entries: readonly Entry[]): Promise<void> {
  const { kindThreshold = DEFAULT_THRESHOLD } = app.running.value ?? {};
  const areAlike = new Set(entries.map(({ kinds }) => kinds.join())).size === 1; // from models of the same kinds
  const result = areAlike ? combineEntries(entries, { kindThreshold }) : { problem: 'different' as const };
  if ('problem' in result) return void notify(t(`import.oneKeyProblem.${result.problem}`), 'error');
  const { id } = await app.answers.create({ ...result.entry, group: null });
  navigate({ view: 'answer', id });
}
