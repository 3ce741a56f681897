/**
 * The dialogs: reasons to leave a photo out, shortcuts, conflicts with other windows, training.
 *
 * In:    the desk
 * Out:   the dialog that is open
 * Needs: the dialogs
 */

import type { JSX } from 'preact';
import { Dialog } from '../../parts/dialog';
import { GESTURES, SHORTCUTS } from '../help';
import { W } from '../words';
import { ConflictDialog } from './conflict-dialog';
import { useDesk } from './context';
import { ExcludeDialog } from './exclude-dialog';
import { FindDialog } from './find-dialog';
import { KeyNameDialog } from './key-name-dialog';
import { ResultDialog } from './result-dialog';
import { TrainDialog } from './train-dialog';

/** The dialog. */
export function Dialogs(): JSX.Element | null {
  const desk = useDesk();
  const close = (): void => {
    desk.dialog.value = null;
  };
  const [conflict] = desk.outbox.conflicts.value;
  if (desk.dialog.value === 'conflict' && conflict)
    return <ConflictDialog key={conflict.decision.item} conflict={conflict} onClose={close} />;
  if (desk.dialog.value === 'exclude') return <ExcludeDialog onClose={close} />;
  if (desk.dialog.value === 'find') return <FindDialog onClose={close} />;
  if (desk.dialog.value === 'key-name') return <KeyNameDialog onClose={close} />;
  if (desk.dialog.value === 'help') return <HelpDialog onClose={close} />;
  if (desk.dialog.value === 'result') return <ResultDialog onClose={close} />;
  if (desk.dialog.value === 'train') return <TrainDialog onClose={close} />;
  return null;
}

function HelpDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const desk = useDesk();
  const isTouch = matchMedia('(pointer: coarse)').matches;
  const kinds = (desk.review.value?.kinds ?? []).filter(({ shortcut }) => shortcut !== null);
  const [first, last] = [kinds[0]?.shortcut, kinds.at(-1)?.shortcut];
  const kindRows =
    first && last ? [[first === last ? first : `${first} \u2026 ${last}`, W.kindKeys] as const] : [];
  return (
    <Dialog title={isTouch ? W.helpTouch : W.help} close={W.close} class="help" onClose={onClose}>
      <div class="help-columns">
        {(isTouch ? GESTURES : SHORTCUTS).map(([title, rows], i) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {[...(i === 0 && !isTouch ? kindRows : []), ...rows].map(([keys, text]) => (
                <div key={keys}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{text}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
