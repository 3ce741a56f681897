/**
 * The user's own keys, which the app has learnt.
 *
 * In:    stored keys
 * Out:   a view
 * Needs: nothing yet
 */

import type { JSX } from 'preact';
import { t } from '../../words';
import { Page } from '../parts/page';

/** The view. */
export function MyKeysView(): JSX.Element {
  return <Page title={t('nav.myKeys')} class="my-keys" />;
}
