/**
 * The kinds that the model knows.
 *
 * In:    the model's card
 * Out:   a view
 * Needs: kinds.ts
 */

import type { JSX } from 'preact';
import { t } from '../../words';
import { useApp } from '../app';
import { Page } from '../parts/page';
import { Sketch } from '../parts/sketch';
import { hashOf } from '../router';
import { kindHint, kindLabel, kindsWithPages } from './kinds';

/** The view. */
export function KindsView(): JSX.Element {
  const { running } = useApp();
  const kinds = running.value?.card.kinds ?? kindsWithPages();
  return (
    <Page title={t('home.known')} class="kinds">
      <ul class="cards">
        {kinds.map((kind) => (
          <li key={kind}>
            <a class="card" href={hashOf({ view: 'kind', kind })}>
              <Sketch kind={kind} />
              <strong>{kindLabel(kind)}</strong>
              <span class="secondary">{kindHint(kind)}</span>
            </a>
          </li>
        ))}
      </ul>
    </Page>
  );
}
