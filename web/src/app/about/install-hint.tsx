/**
 * How to install the app.
 *
 * In:    how it can be installed
 * Out:   a part of the about view; nothing if the browser offers no way
 * Needs: install.ts
 */

import type { JSX } from 'preact';
import { t } from '../../words';
import { install, promptInstall } from '../install';

/** The hint. */
export function InstallHint(): JSX.Element | null {
  if (install.value === null) return null;
  return (
    <section>
      <h2>{t('install.title')}</h2>
      {install.value === 'share' ? (
        <p>{t('install.share')}</p>
      ) : (
        <>
          <p>{t('install.text')}</p>
          <button type="button" onClick={() => void promptInstall()}>
            {t('install.button')}
          </button>
        </>
      )}
    </section>
  );
}
