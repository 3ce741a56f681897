/**
 * What the app is, its language and its models.
 *
 * In:    the model that runs; how long the last image took
 * Out:   a view; the user's choice of a language or a model
 * Needs: models.tsx, words
 */

import type { JSX } from 'preact';
import { currentLanguage, languageNames, setLanguage, t } from '../../words';
import { useApp } from '../app';
import { Page } from '../parts/page';
import { ModelSection } from './models';

/** The view. */
export function AboutView(): JSX.Element {
  const { session, running } = useApp();
  return (
    <Page title={t('about.title')} class="about">
      <p>{t('about.text')}</p>
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
      {running.value ? <ModelSection running={running.value} /> : null}
      {session.hasSelfTest ? (
        <>
          <h2>{t('about.test')}</h2>
          <p>{t('about.testText')}</p>
          <p>
            <a href="selftest.html">{t('about.test')}</a>
          </p>
        </>
      ) : null}
      <p>
        <a href="licences.txt">{t('about.licences')}</a>
      </p>
    </Page>
  );
}
