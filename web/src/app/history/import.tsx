/**
 * Photos that were imported together: what is done, what comes, what failed.
 *
 * In:    the group of the answers
 * Out:   a view
 * Needs: importing.ts, import-row.tsx, import-results.tsx
 */

import './import.css';
import { ImagePlus, Play, RotateCcw, X } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { announce } from '../../notices';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import { useApp } from '../app';
import { chooseFiles } from '../incoming';
import { DeadEnd } from '../parts/dead-end';
import { Page } from '../parts/page';
import { keepsHistory } from '../storage/settings';
import { storageErrorText } from '../storage/text';
import { ImportResults } from './import-results';
import { ImportRow } from './import-row';
import type { ImportRun } from './importing';

/** The view. */
export function ImportView({ group }: { readonly group: number }): JSX.Element {
  const { imports } = useApp();
  const [run, setRun] = useState<ImportRun | null | undefined>(undefined); // null: there is none
  const [problem, setProblem] = useState('');
  useEffect(() => {
    imports.get(group).then(setRun, (error: unknown) => {
      setProblem(storageErrorText(error));
      setRun(null);
    });
  }, [group]);
  return (
    <Page title={titleOf(run)} class="import" up={{ view: 'history' }}>
      {run ? <Run run={run} /> : null}
      {run === null ? <DeadEnd text={problem || t('import.gone')} ways={['history', 'camera']} /> : null}
    </Page>
  );
}

function titleOf(run: ImportRun | null | undefined): string {
  return run ? t('import.titleOf', { n: run.shown.value.length }) : t('import.title');
}

function Run({ run }: { readonly run: ImportRun }): JSX.Element {
  const [wasRunning] = useState(run.isRunning.value);
  const isRunning = run.isRunning.value;
  const finished = run.finished.value;
  const n = run.shown.value.length;
  const unread = n - finished;
  useEffect(() => {
    if (wasRunning && !isRunning) announce(t('import.finished', { done: finished, n }));
  }, [isRunning]);
  return (
    <>
      {isRunning || unread ? <Progress run={run} unread={unread} /> : null}
      <Warnings run={run} />
      <ImportResults run={run} />
      <ol class="photos">
        {run.shown.value.map((item) => (
          <ImportRow key={run.items.indexOf(item)} item={item} />
        ))}
      </ol>
    </>
  );
}

/** How far the import is, and how to stop it or go on. */
function Progress({ run, unread }: { readonly run: ImportRun; readonly unread: number }): JSX.Element {
  const n = run.shown.value.length;
  const values = { done: run.finished.value, n };
  const isRunning = run.isRunning.value;
  return (
    <div class="progress">
      <p>
        <strong>{t(isRunning ? 'import.progress' : 'import.stopped', values)}</strong>
      </p>
      <progress max={n} value={run.finished.value} aria-label={t('import.progressLabel')} />
      {isRunning ? (
        <button type="button" onClick={() => run.cancel()}>
          <Icon of={X} size={18} />
          {t('import.cancel')}
        </button>
      ) : null}
      {isRunning ? null : <GoOn run={run} unread={unread} />}
    </div>
  );
}

/** How to read the photos that are not read; after another model was chosen, all of them again. */
function GoOn({ run, unread }: { readonly run: ImportRun; readonly unread: number }): JSX.Element {
  const app = useApp();
  const { files } = run;
  if (run.hasOtherModel.value)
    return (
      <>
        <p class="secondary">{t('import.otherModel')}</p>
        <button type="button" class="main" onClick={() => app.importFiles(files)}>
          <Icon of={RotateCcw} size={18} />
          {t('import.again', { n: files.length })}
        </button>
      </>
    );
  if (!files.length)
    return (
      <>
        <p class="secondary">{t('import.reloaded')}</p>
        <button
          type="button"
          class="main"
          onClick={() => chooseFiles('photo', true, (chosen) => void app.openFiles(chosen))}
        >
          <Icon of={ImagePlus} size={18} />
          {t('home.choose')}
        </button>
      </>
    );
  return (
    <button type="button" class="main" onClick={() => void run.run()}>
      <Icon of={Play} size={18} />
      {t('import.continue', { n: unread })}
    </button>
  );
}

/** That results last for this visit only, if they do. */
function Warnings({ run }: { readonly run: ImportRun }): JSX.Element | null {
  const isUnstored = run.shown.value.some(({ state }) => state.value.entry && !state.value.isStored);
  if (!isUnstored) return null;
  return <p class="warning">{t(keepsHistory.value ? 'import.notStored' : 'import.notKept')}</p>;
}
