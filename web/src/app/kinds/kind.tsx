/**
 * One kind of key: what it looks like, where it is used, what it is confused with.
 *
 * In:    its name
 * Out:   a view
 * Needs: kinds.ts
 */

import './kinds.css';
import type { JSX } from 'preact';
import { t } from '../../words';
import { DeadEnd } from '../parts/dead-end';
import { Page } from '../parts/page';
import { hashOf } from '../router';
import {
  type KindPage,
  kindDifference,
  kindHint,
  kindLabel,
  kindPage,
  kindsWithPages,
  kindViews,
} from './kinds';
import { KindPicture, ViewImage } from './picture';

/** The view. */
export function KindView({ kind }: { readonly kind: string }): JSX.Element {
  const page = kindPage(kind);
  if (!page)
    return (
      <Page title={kindLabel(kind)} class="kind" up={{ view: 'kinds' }}>
        <DeadEnd text={kindHint(kind) || t('kinds.unknown')} ways={['kinds', 'camera']} />
      </Page>
    );
  return (
    <Page title={page.title} class="kind" up={{ view: 'kinds' }}>
      {page.also.length ? (
        <p class="secondary also">{t('kinds.also', { names: page.also.join(', ') })}</p>
      ) : null}
      <Views kind={kind} page={page} />
      <div class="kind-texts">
        <section>
          <h2>{t('kinds.look')}</h2>
          <p>{page.look}</p>
          <p class="mark">{page.mark}</p>
        </section>
        <section>
          <h2>{t('kinds.use')}</h2>
          <p>{page.use}</p>
        </section>
        <section>
          <h2>{t('kinds.mistakes')}</h2>
          <p>{page.mistakes}</p>
        </section>
      </div>
      <Differences kind={kind} />
    </Page>
  );
}

function Views({ kind, page }: { readonly kind: string; readonly page: KindPage }): JSX.Element | null {
  const views = kindViews(kind);
  if (views.length === 0) return <KindPicture kind={kind} shows="side" />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <ul class="kind-views" tabIndex={0} aria-label={page.title}>
      {views.map(({ shows, url }) => {
        const caption = shows === 'variant' ? page.variant : t(`kinds.view.${shows}`);
        return (
          <li key={shows}>
            <figure>
              <ViewImage url={url} alt={`${page.title}: ${caption}`} />
              <figcaption>{caption}</figcaption>
            </figure>
          </li>
        );
      })}
    </ul>
  );
}

/** How the kind differs from each other, those it is often confused with first. */
function Differences({ kind }: { readonly kind: string }): JSX.Element {
  const isOften = (other: string): boolean => {
    const [page, its] = [kindPage(kind), kindPage(other)];
    return Boolean(page?.differs[other] ?? its?.differs[kind]);
  };
  const others = kindsWithPages()
    .filter((other) => other !== kind)
    .sort((one, other) => Number(isOften(other)) - Number(isOften(one)));
  return (
    <section>
      <h2>{t('kinds.differs')}</h2>
      <ul class="cards">
        {others.map((other) => (
          <li key={other}>
            <a class="card kind-card" href={hashOf({ view: 'kind', kind: other })}>
              <KindPicture kind={other} shows="mark" />
              <span>
                <strong>{kindPage(other)?.title}</strong>
                <span class="secondary">{kindDifference(kind, other)}</span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
