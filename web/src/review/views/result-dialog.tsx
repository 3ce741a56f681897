/**
 * What training has changed: the scores with their intervals, and the photos that are now right or wrong.
 *
 * In:    the result of training
 * Out:   a dialog; keep or discard
 * Needs: interval-chart.tsx
 */

import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { notify } from '../../notices';
import { Dialog } from '../../parts/dialog';
import type { ChangedPhoto, TrainingOrder } from '../api';
import { kindName, W } from '../words';
import { useDesk } from './context';
import { DifferenceChart, ScoreChart } from './interval-chart';

/** The dialog. */
export function ResultDialog({ onClose }: { readonly onClose: () => void }): JSX.Element | null {
  const desk = useDesk();
  const { result, decision } = desk.training.now.value;
  const isGone = result === null;
  useEffect(() => {
    if (isGone) onClose();
  }, [isGone]);
  if (!result) return null;
  const order = (what: TrainingOrder): void => {
    desk.training
      .order(what)
      .then(() => desk.refresh())
      .catch((error: Error) => notify(error.message, 'error'));
    onClose();
  };
  return (
    <Dialog title={W.resultTitle} close={W.close} class="result" onClose={onClose}>
      <div class="charts">
        <ScoreChart before={result.before} after={result.after} />
        <DifferenceChart difference={result.difference} interval={result.interval} />
      </div>
      <p>
        <strong>{W.verdict(...result.interval)}</strong>{' '}
        <span class="secondary">{W.measuredOn(result.photos, result.keys)}</span>
      </p>
      <div class="bar">
        {decision ? (
          <p>{decision === 'kept' ? W.keptRun : W.discarded}</p>
        ) : (
          <>
            <button type="button" class="main" onClick={() => order('keep')}>
              {W.keepRun}
            </button>
            <button type="button" onClick={() => order('discard')}>
              {W.discardRun}
            </button>
          </>
        )}
      </div>
      <ChangedPhotos title={W.improved(result.improved.length)} photos={result.improved} isGood />
      <ChangedPhotos title={W.worsened(result.worsened.length)} photos={result.worsened} isGood={false} />
    </Dialog>
  );
}

interface ChangedPhotosProps {
  readonly title: string;
  readonly photos: readonly ChangedPhoto[];
  readonly isGood: boolean;
}

function ChangedPhotos({ title, photos, isGood }: ChangedPhotosProps): JSX.Element {
  const desk = useDesk();
  const ids = photos.map(({ photo }) => photo);
  useEffect(() => void desk.place.photos.ensure(ids).catch(() => undefined), [ids.join()]);
  return (
    <section>
      <h3>{title}</h3>
      <ul class="changed">
        {photos.map(({ photo: id, true: truth, before, after }) => {
          const photo = desk.place.photos.get(id);
          return (
            <li key={id}>
              {photo ? (
                <img
                  src={desk.place.photos.picture(photo, 256)}
                  alt={W.photoAlt(photo.name, photo.kind)}
                  loading="lazy"
                />
              ) : (
                <span class="image-placeholder" />
              )}
              <span class="secondary">{W.truthIs(kindName(truth))}</span>
              <span>
                <span class={isGood ? 'failed' : 'passed'}>{kindName(before)}</span> {'\u2192'}{' '}
                <span class={isGood ? 'passed' : 'failed'}>{kindName(after)}</span>
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
