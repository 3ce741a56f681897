/**
 * What training does, before it starts.
 *
 * In:    the desk
 * Out:   a dialog: start, or not
 * Needs: context.ts
 */

import type { JSX } from 'preact';
import { notify } from '../../notices';
import { Dialog } from '../../parts/dialog';
import { W } from '../words';
import { useDesk } from './context';

/** The dialog. */
export function TrainDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const desk = useDesk();
  const review = desk.review.value;
  const labelled = (review?.kinds ?? []).filter(({ photos }) => photos > 0);
  const canTrain = labelled.length > 1;
  const start = (): void => {
    onClose();
    desk.training.order('start').catch((error: Error) => notify(error.message, 'error'));
  };
  return (
    <Dialog
      title={review?.run ? W.train : W.trainFirst}
      close={W.close}
      class="train-dialog"
      onClose={onClose}
    >
      {canTrain ? null : (
        <p class="warning">{W.trainNeeds(labelled.reduce((sum, { photos }) => sum + photos, 0))}</p>
      )}
      <p>{W.trainOn(review?.photos ?? 0)}</p>
      <p>{review?.run ? W.trainCompared : W.trainUncompared}</p>
      <p class="secondary">{W.trainTime}</p>
      <div class="bar">
        {/* biome-ignore lint/a11y/noAutofocus: where a dialog puts the focus */}
        <button type="button" class="main" autoFocus disabled={!canTrain} onClick={start}>
          {W.trainStart}
        </button>
        <button type="button" onClick={onClose}>
          {W.cancel}
        </button>
      </div>
    </Dialog>
  );
}
