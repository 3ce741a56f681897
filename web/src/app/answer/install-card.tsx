/**
 * After an answer: that the app can be installed, until the user has said "not now".
 *
 * In:    how it can be installed
 * Out:   a card; nothing if the browser offers no way, or it has been declined
 * Needs: install.ts, about/install-hint.tsx
 */

import type { JSX } from 'preact';
import { t } from '../../words';
import { InstallHint } from '../about/install-hint';
import { install } from '../install';
import { setting } from '../storage/settings';

const isDeclined = setting('install-declined', false);

/** The card. */
export function InstallCard(): JSX.Element | null {
  if (install.value === null || isDeclined.value) return null;
  const decline = (): void => {
    isDeclined.value = true;
    document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
  };
  return (
    <div class="card install-card">
      <InstallHint>
        <button type="button" onClick={decline}>
          {t('install.later')}
        </button>
      </InstallHint>
    </div>
  );
}
