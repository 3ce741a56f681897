/**
 * How much of the models is there, on the first visit.
 *
 * In:    the app's progress
 * Out:   a line with a bar; nothing once the models are loaded
 * Needs: app.ts
 */

import type { JSX } from 'preact';
import { formatNumber, t } from '../../words';
import { useApp } from '../app';

const BYTES_PER_MB = 1e6;

/** The line. */
export function Loading(): JSX.Element | null {
  const { progress, running } = useApp();
  if (running.value) return null;
  if (!progress.value) return <p class="loading">{t('load.start')}</p>;
  const { loaded, total } = progress.value;
  const megabytes = (bytes: number): string => formatNumber(bytes / BYTES_PER_MB, 1);
  return (
    <div class="loading">
      <p>{t('load.first', { loaded: megabytes(loaded), total: megabytes(total) })}</p>
      <progress max={total} value={loaded} aria-label={t('load.start')} />
    </div>
  );
}
