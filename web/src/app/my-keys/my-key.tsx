/**
 * One of the user's keys: its name and photos.
 *
 * In:    its id; null: a new one
 * Out:   a view
 * Needs: nothing yet
 */

import type { JSX } from 'preact';
import { t } from '../../words';
import { Page } from '../parts/page';

/** The view. */
export function MyKeyView({ id }: { readonly id: number | null }): JSX.Element {
  return <Page title={t('nav.myKeys')} class="my-key" up={{ view: 'my-keys' }} key={id ?? 0} />;
}
