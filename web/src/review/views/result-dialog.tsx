/**
 * What training has changed: the scores with their intervals, and the photos that are now right or wrong.
 *
 * In:    the result of training
 * Out:   a dialog; keep or discard
 * Needs: interval-chart.tsx
 */

import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Dialog } from '../../parts/dialog';
import type { ChangedPhoto } from '../api';
import { kindName, W } from '../words';
import { useDesk } from './context';
import { DifferenceChart, ScoreChart } from './interval-chart';
import { KeepOrDiscard } from './keep-or-discard';

/** The dialog. */
export function ResultDialog({ onClose }: { readonly onClose: () => void }): JSX.Element | null {
  const desk = useDesk();
  const { result } = desk.training.now.value;
  const isGone = result === null;
  useEffect(() => {
    if (isGone) onClose();
  }, [isGone]);
  if (!result) return null;
  const { before, after, difference, interval, photos, keys, improved, worsened } = result;
  return (
    <Dialog title={before ? W.resultTitle : W.firstResult} close={W.close} class="result" onClose={onClose}>
      <div class="charts">
        <ScoreChart before={before} after={after} />
        {difference !== null && interval ? (
          <DifferenceChart difference={difference} interval={interval} />
        ) : null}
      </div>
      <p>
        {difference !== null && interval ? <strong>{W.verdict(difference, ...interval)}</strong> : null}{' '}
        <span class="secondary">{W.measuredOn(photos, keys)}</span>
      </p>
      <KeepOrDiscard onDone={onClose} />
      {before ? (
        <>
          <ChangedPhotos title={W.improved(improved.length)} photos={improved} isGood />
          <ChangedPhotos title={W.worsened(worsened.length)} photos={worsened} isGood={false} />
        </>
      ) : null}
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
  const ids = photos.map(({ photo }) => String(photo));
  useEffect(() => void desk.place.photos.ensure(ids).catch(() => undefined), [ids.join()]);
  return (
    <section>
      <h3>{title}</h3>
      <ul class="changed">
        {photos.map(({ photo: id, true: truth, before, after }) => {
          const photo = desk.place.photos.get(String(id));
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
