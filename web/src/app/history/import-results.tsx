/**
 * What the photos of an import show together, and what can be done with them.
 *
 * In:    an import
 * Out:   counts by kind; a table as CSV, to save or to share
 * Needs: csv.ts, importing.ts, labels.ts
 */

import { FileSpreadsheet, Layers, Share2 } from 'lucide';
import type { JSX } from 'preact';
import { Icon } from '../../parts/icon';
import { formatNumber, t } from '../../words';
import { useApp } from '../app';
import { download } from '../parts/download';
import { getEntries } from '../storage/entries';
import { summaryOf } from '../storage/summary';
import { csvOf, type Exported } from './csv';
import type { ImportRun } from './importing';
import { facetLabel } from './labels';
import { MAX_OF_ONE_KEY, openAsOneKey } from './one-key';
import { countFacets } from './search';

const FILE_NAME = 'keykind-predictions.csv';

/** The results so far; nothing before the first. */
export function ImportResults({ run }: { readonly run: ImportRun }): JSX.Element | null {
  const items = run.shown.value;
  const entries = items.flatMap(({ state }) => state.value.entry ?? []);
  const failed = items.filter(({ state }) => state.value.status === 'failed').length;
  if (!entries.length && !failed) return null;
  return (
    <>
      <ul class="counts" aria-label={t('import.counts')}>
        {countFacets(entries.map(summaryOf)).map(({ id, facet, count }) => (
          <li key={id}>
            <strong>{formatNumber(count, 0)}</strong> {facetLabel(facet)}
          </li>
        ))}
        {failed ? (
          <li class="failures">
            <strong>{formatNumber(failed, 0)}</strong> {t('import.countFailed')}
          </li>
        ) : null}
      </ul>
      {run.isRunning.value || !entries.length ? null : <Actions run={run} count={entries.length} />}
    </>
  );
}

interface ActionsProps {
  readonly run: ImportRun;
  readonly count: number; // of answers
}

function Actions({ run, count }: ActionsProps): JSX.Element {
  const app = useApp();
  const { reportError } = app;
  const combine = async (): Promise<void> => openAsOneKey(app, await run.entries());
  const save = async (): Promise<void> => download(await tableOf(run), FILE_NAME);
  return (
    <div class="bar">
      {count > 1 && count <= MAX_OF_ONE_KEY ? (
        <button type="button" onClick={() => void combine().catch(reportError)}>
          <Icon of={Layers} size={20} />
          {t('import.oneKey')}
        </button>
      ) : null}
      <button type="button" onClick={() => void save().catch(reportError)}>
        <Icon of={FileSpreadsheet} size={20} />
        {t('import.csv')}
      </button>
      {canShareFiles() ? (
        <button type="button" onClick={() => void shareTable(run).catch(reportError)}>
          <Icon of={Share2} size={20} />
          {t('photo.share')}
        </button>
      ) : null}
    </div>
  );
}

async function shareTable(run: ImportRun): Promise<void> {
  const file = new File([await tableOf(run)], FILE_NAME, { type: 'text/csv' });
  await navigator.share({ files: [file] }).catch((error: unknown) => {
    if (!(error instanceof DOMException && error.name === 'AbortError')) throw error; // the user closed it
  });
}

/** Return the table, with the corrections that the user has made since. */
async function tableOf(run: ImportRun): Promise<Blob> {
  const ids = run.shown.value.flatMap(({ state }) => state.value.entry?.id ?? []);
  const current = new Map((await getEntries(ids).catch(() => [])).map((entry) => [entry.id, entry]));
  const rows = run.shown.value.map(({ name, state }): Exported => {
    const { entry, problem, status } = state.value;
    const error = problem || (status === 'stopped' ? t('import.unread') : '');
    return { name, entry: entry && (current.get(entry.id) ?? entry), error };
  });
  return new Blob([csvOf(rows)], { type: 'text/csv' });
}

function canShareFiles(): boolean {
  const file = new File([''], FILE_NAME, { type: 'text/csv' });
  return navigator.canShare?.({ files: [file] }) ?? false;
}
