/**
 * Photos with corrected kinds, and their export for training.
 *
 * In:    stored photos
 * Out:   a view
 * Needs: storage/corrections.ts, zip.ts
 */

import type { JSX } from 'preact';
import { t } from '../../words';
import { Page } from '../parts/page';

/** The view. */
export function CorrectionsView(): JSX.Element {
  return <Page title={t('collection.title')} class="corrections" up={{ view: 'history' }} />;
}
