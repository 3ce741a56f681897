/**
 * Training while the review goes on: its progress, and the way to its result.
 *
 * In:    the desk
 * Out:   a card
 * Needs: context.ts
 */

import { X } from 'lucide';
import type { JSX } from 'preact';
import { notify } from '../../notices';
import { Icon } from '../../parts/icon';
import { duration, percent, score } from '../format';
import { W } from '../words';
import { useDesk } from './context';
import { KeepOrDiscard } from './keep-or-discard';

const TITLES = { idle: W.training, running: W.training, finished: W.trainingDone, failed: W.trainingFailed };

/** The card; nothing before the first training. */
export function TrainingCard(): JSX.Element | null {
  const desk = useDesk();
  const { training } = desk;
  const now = training.now.value;
  if (now.state === 'idle' || training.isHidden.value) return null;
  const isRunning = now.state === 'running';
  return (
    <section class={`training ${now.state}`} aria-label={W.training}>
      <Header isRunning={isRunning} />
      {isRunning ? <progress value={now.done} max={1} aria-label={W.training} /> : null}
      {now.step && now.state !== 'finished' ? (
        <p>
          {now.step} {isRunning ? <span class="secondary">{percent(now.done)}</span> : null}
        </p>
      ) : null}
      {now.state === 'finished' ? <Outcome /> : null}
      {now.log.length ? (
        <details open={now.state === 'failed'}>
          <summary>{W.trainingLog}</summary>
          <pre>{now.log.join('\n')}</pre>
        </details>
      ) : null}
    </section>
  );
}

/** What is going on, for how long; to stop it, or to hide the card. */
function Header({ isRunning }: { readonly isRunning: boolean }): JSX.Element {
  const { training } = useDesk();
  const now = training.now.value;
  const stop = (): void =>
    void training.order('stop').catch((error: Error) => notify(error.message, 'error'));
  const hide = (): void => {
    training.isHidden.value = true;
  };
  return (
    <header>
      <h2>{TITLES[now.state]}</h2>
      <span class="secondary">{duration(now.seconds)}</span>
      {isRunning ? (
        <button type="button" disabled={training.isBusy.value} onClick={stop}>
          {W.trainingStop}
        </button>
      ) : (
        <button type="button" class="icon-button" aria-label={W.trainingHide} onClick={hide}>
          <Icon of={X} size={18} />
        </button>
      )}
    </header>
  );
}

/** The scores, in a line. */
function Outcome(): JSX.Element | null {
  const desk = useDesk();
  const { result, decision } = desk.training.now.value;
  if (!result)
    return (
      <>
        <p>{W.noComparison}</p>
        <KeepOrDiscard />
      </>
    );
  return (
    <>
      <p class="outcome">
        F1 {result.before ? `${score(result.before.f1)} \u2192 ` : ''}
        <strong>{score(result.after.f1)}</strong>
      </p>
      {decision ? <p class="secondary">{decision === 'kept' ? W.keptRun : W.discarded}</p> : null}
      {decision === 'discarded' ? null : (
        <button
          type="button"
          class={decision ? '' : 'main'}
          onClick={() => {
            desk.dialog.value = 'result';
          }}
        >
          {result.before ? W.trainingSee : W.trainingSeeFirst}
        </button>
      )}
    </>
  );
}
