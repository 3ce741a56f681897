/**
 * Photos that were imported together, with progress.
 *
 * In:    the group of the answers
 * Out:   a view
 * Needs: answers.ts
 */

import type { JSX } from 'preact';
import { t } from '../../words';
import { Page } from '../parts/page';

/** The view. */
export function ImportView({ group }: { readonly group: number }): JSX.Element {
  return <Page title={t('nav.history')} class="import" up={{ view: 'history' }} key={group} />;
}
