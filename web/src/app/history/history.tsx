/**
 * The history: photos and answers on this device.
 *
 * In:    stored entries
 * Out:   a view
 * Needs: state.ts, search.ts, grid.tsx, selection-bar.tsx, storage-dialog.tsx
 */

import './history.css';
import './storage-dialog.css';
import './search-bar.css';
import './grid.css';
import './selection.css';
import { Camera, ChevronRight, ImagePlus, Images, Lock, PencilLine, SquareCheckBig } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import { isAboutKeys, t } from '../../words';
import { useApp } from '../app';
import { chooseFiles } from '../incoming';
import { Page } from '../parts/page';
import { Sketch } from '../parts/sketch';
import { hashOf } from '../router';
import { photosFor } from '../storage/corrections';
import { isBlocked } from '../storage/database';
import { keepsHistory } from '../storage/settings';
import type { Summary } from '../storage/summary';
import { formatBytes } from '../storage/text';
import { Days } from './grid';
import { facetLabel } from './labels';
import { search } from './search';
import { SearchBar } from './search-bar';
import { SelectionBar } from './selection-bar';
import { chosen, load, place, problem, selected, summaries, typed } from './state';
import { StorageDialog } from './storage-dialog';

const PAGE = 60; // photos shown at first, and each time that the user scrolls to the end

const DRAWN_KINDS = ['cylinder', 'mortice', 'dimple'];

/** The view. */
export function HistoryView(): JSX.Element {
  const [isStorageShown, setIsStorageShown] = useState(false);
  const all = summaries.value;
  useEffect(() => void load(), [isBlocked.value]);
  useEffect(() => {
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
      {all?.length && !selected.value ? <ImportButton isIcon /> : null}
    </>
  );
  const showStorage = (): void => setIsStorageShown(true);
  return (
    <Page title={t('nav.history')} class="history" actions={actions}>
      {problem.value ? (
        <p class="warning" role="alert">
          {problem.value}
        </p>
      ) : null}
      {all?.length ? <Photos all={all} onStorage={showStorage} /> : null}
      {all?.length === 0 ? <Empty onStorage={showStorage} /> : null}
      {isStorageShown ? <StorageDialog onClose={() => setIsStorageShown(false)} /> : null}
    </Page>
  );
}

interface PhotosProps extends StorageProps {
  readonly all: readonly Summary[];
}

interface StorageProps {
  readonly onStorage: () => void; // the user wants to see what is stored
}

function Photos({ all, onStorage }: PhotosProps): JSX.Element {
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
      {selected.value ? null : <Links onStorage={onStorage} />}
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
    <div class="to-more" ref={end}>
      <button type="button" onClick={onReached}>
        {t('history.more')}
      </button>
    </div>
  );
}

/** The way to the storage and to corrected photos. */
function Links({ onStorage }: StorageProps): JSX.Element {
  return (
    <div class="links">
      <StorageButton onStorage={onStorage} />
      <CorrectionsLink />
    </div>
  );
}

function Empty({ onStorage }: StorageProps): JSX.Element {
  const state = keepsHistory.value ? 'empty' : 'off';
  return (
    <div class="nothing-yet">
      <EmptyPicture />
      <h2>{t(`history.${state}`)}</h2>
      <p>{t(`history.${state}Text`)}</p>
      <div class="bar">
        <a class="button main" href={hashOf({ view: 'scan' })}>
          <Icon of={Camera} size={20} />
          {t('home.camera')}
        </a>
        <ImportButton />
      </div>
      <StorageButton onStorage={onStorage} />
      <CorrectionsLink />
    </div>
  );
}

/** What the tiles will look like: sketches of keys, where the model is about keys. */
function EmptyPicture(): JSX.Element {
  const kinds = isAboutKeys() ? DRAWN_KINDS : [];
  return kinds.length ? (
    <span class="empty-tiles" aria-hidden="true">
      {kinds.map((kind) => (
        <Sketch key={kind} kind={kind} />
      ))}
    </span>
  ) : (
    <Icon of={Images} size={64} />
  );
}

function ImportButton({ isIcon = false }: { readonly isIcon?: boolean }): JSX.Element {
  const app = useApp();
  const choose = (): void => chooseFiles('photo', true, (files) => void app.openFiles(files));
  return isIcon ? (
    <button type="button" class="icon-button" aria-label={t('history.add')} onClick={choose}>
      <Icon of={ImagePlus} />
    </button>
  ) : (
    <button type="button" onClick={choose}>
      <Icon of={ImagePlus} size={20} />
      {t('history.add')}
    </button>
  );
}

/** That nothing is sent, and how much is stored; what is known about that, and its settings, are in a dialog. */
function StorageButton({ onStorage }: StorageProps): JSX.Element {
  const bytes = (summaries.value ?? []).reduce((sum, each) => sum + each.bytes, 0);
  return (
    <button type="button" class="quiet" onClick={onStorage}>
      <Icon of={Lock} size={16} />
      {t('history.private')}
      <span class="size">{bytes ? formatBytes(bytes) : t('history.storage')}</span>
    </button>
  );
}

function CorrectionsLink(): JSX.Element | null {
  const corrections = useCorrections();
  return corrections ? (
    <a class="quiet" href={hashOf({ view: 'corrections' })}>
      <Icon of={PencilLine} size={16} />
      {t('history.corrections', { n: corrections })}
      <Icon of={ChevronRight} size={16} />
    </a>
  ) : null;
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
  }, [kinds, isBlocked.value]);
  return count;
}
