/**
 * A view with a title: the title is in the browser's tab, and gets the focus when the view is opened.
 *
 * In:    a title, content
 * Out:   a section
 * Needs: app.ts, router.ts
 */

import { ArrowLeft } from 'lucide';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import { useApp } from '../app';
import { hashOf, isFirstView, type Route } from '../router';

interface PageProps {
  readonly title: string;
  readonly class?: string;
  readonly isTitleHidden?: boolean; // seen by screen readers only
  readonly up?: Route; // the view above this one
  readonly actions?: ComponentChildren; // beside the title
  readonly children?: ComponentChildren;
}

let isFirst = true; // the first view of a visit leaves the focus where it is

/** A view. */
export function Page({
  title,
  class: className,
  isTitleHidden,
  up,
  actions,
  children,
}: PageProps): JSX.Element {
  const { session } = useApp();
  const heading = useRef<HTMLHeadingElement>(null);
  const appTitle = session.title.value;
  useEffect(() => {
    document.title = `${title} – ${appTitle}`;
  }, [title, appTitle]);
  useEffect(() => {
    if (!isFirst) heading.current?.focus({ preventScroll: true });
    isFirst = false;
  }, []);
  return (
    <section class={`page ${className ?? ''}`} aria-labelledby="page-title">
      <header class={isTitleHidden ? 'visually-hidden' : 'page-header'}>
        {up ? (
          <a class="icon-button" href={hashOf(up)} aria-label={t('nav.back')} onClick={goBack}>
            <Icon of={ArrowLeft} />
          </a>
        ) : null}
        <h1 id="page-title" tabIndex={-1} ref={heading}>
          {title}
        </h1>
        {actions}
      </header>
      {children}
    </section>
  );
}

/** Go back as the browser would; from a view that was opened by its address, the link leads to the one above. */
function goBack(event: MouseEvent): void {
  if (isFirstView()) return;
  event.preventDefault();
  history.back();
}
