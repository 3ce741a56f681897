/**
 * How to install the app.
 *
 * In:    how it can be installed; what else can be done about it
 * Out:   a section; nothing if the browser offers no way
 * Needs: install.ts
 */

import type { ComponentChildren, JSX } from 'preact';
import { t } from '../../words';
import { install, promptInstall } from '../install';

/** The hint. */
export function InstallHint({ children }: { readonly children?: ComponentChildren }): JSX.Element | null {
  if (install.value === null) return null;
  return (
    <section>
      <h2>{t('install.title')}</h2>
      {install.value === 'share' ? <p>{t('install.share')}</p> : <p>{t('install.text')}</p>}
      <div class="bar">
        {install.value === 'prompt' ? (
          <button type="button" onClick={() => void promptInstall()}>
            {t('install.button')}
          </button>
        ) : null}
        {children}
      </div>
    </section>
  );
}
