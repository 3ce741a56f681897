/**
 * The history: photos and answers on this device.
 *
 * In:    stored entries
 * Out:   a view
 * Needs: state.ts, search.ts, grid.tsx, selection-bar.tsx, storage-dialog.tsx
 */

import './history.css';
import { Camera, HardDrive, ImagePlus, Lock, PencilLine, SquareCheckBig } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isAboutKeys, t } from '../../words';
import { useApp } from '../app';
import { chooseFiles } from '../incoming';
import { Icon } from '../parts/icon';
import { Page } from '../parts/page';
import { hashOf } from '../router';
import { photosFor } from '../storage/corrections';
import { keepsHistory } from '../storage/settings';
import type { Summary } from '../storage/summary';
import { Days } from './grid';
import { facetLabel } from './labels';
import { search } from './search';
import { SearchBar } from './search-bar';
import { SelectionBar } from './selection-bar';
import { chosen, load, place, problem, selected, summaries, typed } from './state';
import { StorageDialog } from './storage-dialog';

const PAGE = 60; // photos shown at first, and each time that the user scrolls to the end

/** The view. */
export function HistoryView(): JSX.Element {
  const [isStorageShown, setIsStorageShown] = useState(false);
  const all = summaries.value;
  useEffect(() => {
    void load();
    const onVisible = (): void => void (document.hidden || load()); // another tab may have changed it
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      document.removeEventListener('visibilitychange', onVisible);
      selected.value = null;
    };
  }, []);
  const actions = (
    <>
      {all?.length && !selected.value ? (
        <button type="button" class="plain" onClick={() => (selected.value = new Set())}>
          <Icon of={SquareCheckBig} size={20} />
          {t('history.select')}
        </button>
      ) : null}
      <button
        type="button"
        class="icon-button"
        aria-label={t('history.storage')}
        onClick={() => setIsStorageShown(true)}
      >
        <Icon of={HardDrive} />
      </button>
    </>
  );
  return (
    <Page title={t('nav.history')} class="history" actions={actions}>
      {problem.value ? (
        <p class="warning" role="alert">
          {problem.value}
        </p>
      ) : null}
      {all ? all.length ? <Photos all={all} /> : <Empty /> : null}
      {isStorageShown ? <StorageDialog onClose={() => setIsStorageShown(false)} /> : null}
    </Page>
  );
}

function Photos({ all }: { readonly all: readonly Summary[] }): JSX.Element {
  const found = search(all, chosen.value, typed.value, facetLabel);
  const [count, setCount] = useState(Math.max(place.count, PAGE));
  useLayoutEffect(() => scrollTo(0, place.top), []);
  useEffect(() => {
    const onScroll = (): void => {
      place.top = scrollY;
    };
    addEventListener('scroll', onScroll, { passive: true });
    return () => removeEventListener('scroll', onScroll);
  }, []);
  place.count = count;
  return (
    <>
      {selected.value ? <SelectionBar found={found} /> : <SearchBar all={all} />}
      {selected.value ? null : <Links />}
      {found.length ? (
        <Days summaries={found.slice(0, count)} />
      ) : (
        <p class="lead" role="status">
          {t('history.notFound')}
        </p>
      )}
      {found.length > count ? <More key={count} onReached={() => setCount(count + PAGE)} /> : null}
    </>
  );
}

/** What makes the list longer when it comes into view. */
function More({ onReached }: { readonly onReached: () => void }): JSX.Element {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (seen) => seen.some(({ isIntersecting }) => isIntersecting) && onReached(),
      { rootMargin: '800px' },
    );
    if (end.current) observer.observe(end.current);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="more" ref={end}>
      <button type="button" onClick={onReached}>
        {t('history.more')}
      </button>
    </div>
  );
}

/** The way to corrected photos, and to more photos. */
function Links(): JSX.Element {
  const corrections = useCorrections();
  return (
    <div class="links">
      <ImportButton />
      {corrections ? (
        <a class="button" href={hashOf({ view: 'corrections' })}>
          <Icon of={PencilLine} size={20} />
          {t('history.corrections', { n: corrections })}
        </a>
      ) : null}
      <PrivacyNote />
    </div>
  );
}

function Empty(): JSX.Element {
  const corrections = useCorrections();
  return (
    <div class="empty">
      <span class="empty-tiles" aria-hidden="true">
        <span />
        <span />
        <span />
      </span>
      <h2>{t(keepsHistory.value ? 'history.empty' : 'history.off')}</h2>
      <p>{t(keepsHistory.value ? 'history.emptyText' : 'history.offText')}</p>
      <div class="bar">
        <a class="button main" href={hashOf({ view: 'scan' })}>
          <Icon of={Camera} size={20} />
          {t('home.camera')}
        </a>
        <ImportButton />
      </div>
      {corrections ? (
        <a href={hashOf({ view: 'corrections' })}>{t('history.corrections', { n: corrections })}</a>
      ) : null}
      <PrivacyNote />
    </div>
  );
}

function ImportButton(): JSX.Element {
  const app = useApp();
  const choose = (): void => chooseFiles('image/*', true, (files) => void app.openFiles(files));
  return (
    <button type="button" onClick={choose}>
      <Icon of={ImagePlus} size={20} />
      {t('history.add')}
    </button>
  );
}

function PrivacyNote(): JSX.Element {
  return (
    <p class="privacy secondary">
      <Icon of={Lock} size={16} />
      {t('history.private')}
    </p>
  );
}

/** Return how many corrected photos there are for the model that runs. */
function useCorrections(): number {
  const { running } = useApp();
  const [count, setCount] = useState(0);
  const kinds = running.value?.card.kinds;
  useEffect(() => {
    if (kinds)
      photosFor(kinds, isAboutKeys())
        .then((photos) => setCount(photos.length))
        .catch(() => undefined); // the list above says what is wrong with the storage
  }, [kinds]);
  return count;
}
