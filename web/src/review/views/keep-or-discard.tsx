/**
 * The decision about a new model.
 *
 * In:    the desk
 * Out:   two buttons; afterwards, what was decided
 * Needs: context.ts
 */

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { notify } from '../../notices';
import type { TrainingOrder } from '../api';
import { W } from '../words';
import { useDesk } from './context';

/** The buttons; discarding asks once. */
export function KeepOrDiscard({ onDone }: { readonly onDone?: () => void }): JSX.Element {
  const desk = useDesk();
  const [isAsking, ask] = useState(false);
  const { decision } = desk.training.now.value;
  if (decision) return <p>{decision === 'kept' ? W.keptRun : W.discarded}</p>;
  const order = (what: TrainingOrder): void => {
    desk.training
      .order(what)
      .then(() => desk.refresh())
      .catch((error: Error) => notify(error.message, 'error'));
    onDone?.();
  };
  if (isAsking)
    return (
      <div class="bar" role="alert">
        <strong>{W.discardAsk}</strong>
        <button type="button" onClick={() => order('discard')}>
          {W.discardSure}
        </button>
        <button type="button" onClick={() => ask(false)}>
          {W.cancel}
        </button>
      </div>
    );
  return (
    <div class="bar">
      <button type="button" class="main" onClick={() => order('keep')}>
        {W.keepRun}
      </button>
      <button type="button" onClick={() => ask(true)}>
        {W.discardRun}
      </button>
    </div>
  );
}
