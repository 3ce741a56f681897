/**
 * The history: photos and answers on this device.
 *
 * In:    stored entries
 * Out:   a view
 * Needs: storage/entries.ts
 */

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../words';
import { answerText } from '../answer/describe';
import { useApp } from '../app';
import { BlobImage } from '../parts/blob-image';
import { Page } from '../parts/page';
import { hashOf } from '../router';
import { allEntries, type Entry } from '../storage/entries';

/** The view. */
export function HistoryView(): JSX.Element {
  const { reportError } = useApp();
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  useEffect(() => {
    allEntries().then(setEntries).catch(reportError);
  }, []);
  return (
    <Page title={t('nav.history')} class="history">
      <ul class="cards">
        {entries.map((entry) => (
          <li key={entry.id}>
            <a class="card" href={hashOf({ view: 'answer', id: entry.id })}>
              {entry.photos[0] ? <BlobImage blob={entry.photos[0].thumbnail} alt="" /> : null}
              <strong>{entry.photos[0]?.keys.map((key) => answerText(key)).join(', ')}</strong>
            </a>
          </li>
        ))}
      </ul>
      <a href={hashOf({ view: 'corrections' })}>{t('collection.title')}</a>
    </Page>
  );
}
