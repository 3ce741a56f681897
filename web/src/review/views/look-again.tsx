/**
 * Looking for photos that were added to the folder meanwhile.
 *
 * In:    the desk
 * Out:   a button
 * Needs: context.ts
 */

import { RefreshCw } from 'lucide';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { notify } from '../../notices';
import { Icon } from '../../parts/icon';
import { say } from '../state/said';
import { W } from '../words';
import { useDesk } from './context';

interface LookAgainProps {
  readonly onDone?: () => void;
}

/** The button. */
export function LookAgain({ onDone }: LookAgainProps): JSX.Element {
  const desk = useDesk();
  const [isBusy, setBusy] = useState(false);
  const look = async (): Promise<void> => {
    setBusy(true);
    try {
      say(W.photosAdded(await desk.api.lookAgain()));
      await desk.refresh();
    } catch (error) {
      notify(error instanceof Error ? error.message : String(error), 'error');
    }
    setBusy(false);
    onDone?.();
  };
  return (
    <button type="button" class="plain look-again" disabled={isBusy} onClick={() => void look()}>
      <Icon of={RefreshCw} size={16} />
      {isBusy ? W.looking : W.lookAgain}
    </button>
  );
}
