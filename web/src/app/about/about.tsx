/**
 * What the app is, its settings and its models.
 *
 * In:    the model that runs; settings
 * Out:   a view; the user's choices
 * Needs: models.tsx, install-hint.tsx, words
 */

import './about.css';
import type { JSX } from 'preact';
import { currentLanguage, languageNames, setLanguage, t } from '../../words';
import { useApp } from '../app';
import { Page } from '../parts/page';
import { InstallHint } from './install-hint';
import { ModelSection } from './models';

/** The view. */
export function AboutView(): JSX.Element {
  const { session, running } = useApp();
  return (
    <Page title={t('about.title')} class="about">
      <p class="lead">{t('about.text')}</p>
      <section>
        <h2>
          <label for="language">{t('about.language')}</label>
        </h2>
        <select
          id="language"
          value={currentLanguage()}
          onChange={(event) => void setLanguage(event.currentTarget.value)}
        >
          {languageNames().map(([language, name]) => (
            <option key={language} value={language} lang={language}>
              {name}
            </option>
          ))}
        </select>
      </section>
      <InstallHint />
      <details class="developers" open={Boolean(running.value?.own)}>
        <summary>
          <h2>{t('about.developers')}</h2>
        </summary>
        {running.value ? <ModelSection running={running.value} /> : null}
        {session.hasSelfTest ? (
          <section>
            <h3>{t('about.test')}</h3>
            <p>{t('about.testText')}</p>
            <a class="button" href="selftest.html">
              {t('about.runTest')}
            </a>
          </section>
        ) : null}
        <p>
          <a href="licences.txt">{t('about.licences')}</a>
        </p>
      </details>
    </Page>
  );
}
