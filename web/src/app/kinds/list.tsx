/**
 * The kinds that the model knows.
 *
 * In:    the model's card
 * Out:   a view; around keykind's own kinds, with pictures and a page for each
 * Needs: kinds.ts
 */

import './kinds.css';
import type { JSX } from 'preact';
import { t } from '../../words';
import { useApp } from '../app';
import { Page } from '../parts/page';
import { hashOf } from '../router';
import { kindHint, kindLabel, kindPage, kindsWithPages } from './kinds';
import { KindPicture } from './picture';

/** The view. */
export function KindsView(): JSX.Element {
  const { running } = useApp();
  const kinds = running.value?.card.kinds ?? kindsWithPages();
  const [described, others] = [
    kinds.filter((kind) => kindPage(kind)),
    kinds.filter((kind) => !kindPage(kind)),
  ];
  return (
    <Page title={t('kinds.title')} class="kinds">
      <p class="secondary">{t('kinds.text', { n: kinds.length })}</p>
      {described.length ? (
        <ul class="cards">
          {described.map((kind) => (
            <li key={kind}>
              <a class="card kind-card" href={hashOf({ view: 'kind', kind })}>
                <KindPicture kind={kind} shows="side" />
                <span>
                  <strong>{kindPage(kind)?.title ?? kindLabel(kind)}</strong>
                  <span class="secondary">{kindHint(kind)}</span>
                </span>
              </a>
            </li>
          ))}
        </ul>
      ) : null}
      {others.length ? (
        <ul class="cards names">
          {others.map((kind) => (
            <li key={kind} class="card">
              {kindLabel(kind)}
            </li>
          ))}
        </ul>
      ) : null}
    </Page>
  );
}
