/**
 * What surrounds the views: navigation, notices, announcements, the inputs for files.
 *
 * In:    the app's state
 * Out:   the document
 * Needs: the views
 */

import type { IconNode } from 'lucide';
import { Camera, History, Info, KeyRound, LibraryBig, X } from 'lucide';
import type { JSX, TargetedEvent } from 'preact';
import { useEffect } from 'preact/hooks';
import { announcement, closeNotice, endOfView, type Notice, notices } from '../notices';
import { Icon } from '../parts/icon';
import { type MessageKey, t } from '../words';
import { AboutView } from './about/about';
import { originText } from './about/model-text';
import { AnswerView } from './answer/answer';
import { useApp } from './app';
import { ScanView } from './camera/scan';
import { CorrectionsView } from './history/corrections';
import { HistoryView } from './history/history';
import { ImportView } from './history/import';
import { isDragging, takeChosen } from './incoming';
import { KindView } from './kinds/kind';
import { KindsView } from './kinds/list';
import { MyKeyView } from './my-keys/my-key';
import { MyKeysView } from './my-keys/my-keys';
import { DeadEnd } from './parts/dead-end';
import { Page } from './parts/page';
import { hashOf, navigate, type Route, route, type View } from './router';

/** An entry of the main menu, and the views that belong to it. */
interface Tab {
  readonly to: Route;
  readonly label: MessageKey;
  readonly icon: IconNode;
  readonly views: readonly View[];
  readonly isOfKeys?: boolean; // not shown around a model of other classes
}

const TABS: readonly Tab[] = [
  { to: { view: 'scan' }, label: 'nav.scan', icon: Camera, views: ['scan'] },
  {
    to: { view: 'history' },
    label: 'nav.history',
    icon: History,
    views: ['history', 'answer', 'import', 'corrections'],
  },
  {
    to: { view: 'my-keys' },
    label: 'nav.myKeys',
    icon: KeyRound,
    views: ['my-keys', 'my-key'],
    isOfKeys: true,
  },
  { to: { view: 'kinds' }, label: 'nav.kinds', icon: LibraryBig, views: ['kinds', 'kind'] },
  { to: { view: 'about' }, label: 'nav.about', icon: Info, views: ['about'] },
];

/** The whole document. */
export function Shell(): JSX.Element {
  const app = useApp();
  const { view } = route.value;
  useEffect(endOfView, [hashOf(route.value)]);
  const take = (event: TargetedEvent<HTMLInputElement>): void =>
    takeChosen(event.currentTarget, (files) => void app.openFiles(files));
  return (
    <div class="shell" data-view={view} data-ready={app.running.value !== null}>
      <button type="button" class="skip" onClick={skipToContent}>
        {t('nav.skip')}
      </button>
      <Tabs />
      <Notices />
      <OwnModelBar />
      <main id="main" aria-busy={app.isSwitching.value}>
        <CurrentView key={hashOf(route.value)} />
      </main>
      <div class="visually-hidden" aria-live="polite" role="status">
        {announcement.value}
      </div>
      <input id="photo-input" type="file" accept="image/*" multiple hidden onChange={take} />
      <input id="camera-input" type="file" accept="image/*" capture="environment" hidden onChange={take} />
      <input id="file-input" type="file" hidden onChange={take} />
      {isDragging.value ? (
        <div class="drop" aria-hidden="true">
          {t('home.dropHere')}
        </div>
      ) : null}
    </div>
  );
}

function CurrentView(): JSX.Element {
  const to = route.value;
  switch (to.view) {
    case 'answer':
      return <AnswerView id={to.id} />;
    case 'history':
      return <HistoryView />;
    case 'import':
      return <ImportView group={to.group} />;
    case 'corrections':
      return <CorrectionsView />;
    case 'kinds':
      return <KindsView />;
    case 'kind':
      return <KindView kind={to.kind} />;
    case 'my-keys':
      return <OwnKeys of={<MyKeysView />} />;
    case 'my-key':
      return <OwnKeys of={<MyKeyView id={to.id} />} />;
    case 'about':
      return <AboutView />;
    case 'unknown':
      return (
        <Page title={t('nav.unknown')} class="unknown">
          <DeadEnd text={t('nav.unknownText')} ways={['camera', 'history']} />
        </Page>
      );
    default:
      return <ScanView />;
  }
}

/** A view of the user's own keys; around a model of other classes, the first view takes its place. */
function OwnKeys({ of }: { readonly of: JSX.Element }): JSX.Element | null {
  const { running, session } = useApp();
  const isOther = !session.ofKeys.value;
  const isKnown = running.value !== null;
  useEffect(() => {
    if (isOther && isKnown) navigate({ view: 'scan' }, true);
  }, [isOther, isKnown]);
  return isOther ? null : of;
}

function Tabs(): JSX.Element {
  const { session } = useApp();
  const { view } = route.value;
  return (
    <nav class="tabs" aria-label={t('nav.label')}>
      <span class="app-name">{session.title.value}</span>
      <ul>
        {TABS.filter(({ isOfKeys }) => !isOfKeys || session.ofKeys.value).map(
          ({ to, label, icon, views }) => (
            <li key={label}>
              <a href={hashOf(to)} aria-current={views.includes(view) ? 'page' : undefined}>
                <Icon of={icon} />
                <span>{t(label)}</span>
              </a>
            </li>
          ),
        )}
      </ul>
    </nav>
  );
}

/** What says that this is not the app's own model, and the way back. */
function OwnModelBar(): JSX.Element | null {
  const { running, useModel } = useApp();
  const own = running.value?.own;
  if (!own) return null;
  return (
    <aside class="own-model" aria-label={t('about.model')}>
      <p>
        <strong>{own.name}</strong>
        <span class="secondary">{originText(own)}</span>
      </p>
      <button type="button" onClick={() => void useModel(null)}>
        {t('model.back')}
      </button>
    </aside>
  );
}

function Notices(): JSX.Element | null {
  if (!notices.value.length) return null;
  return (
    <div class="notices">
      {notices.value.map((shown) => (
        <NoticeBar key={shown.type} shown={shown} />
      ))}
    </div>
  );
}

function NoticeBar({ shown }: { readonly shown: Notice }): JSX.Element {
  const { message, type, action } = shown;
  const act = (): void => {
    closeNotice(shown);
    action?.run();
  };
  return (
    <div class={`notice ${type}`} role={type === 'error' ? 'alert' : 'status'}>
      <p>{message}</p>
      {action ? (
        <button type="button" onClick={act}>
          {action.label}
        </button>
      ) : null}
      <button
        type="button"
        class="icon-button"
        aria-label={t('detail.close')}
        onClick={() => closeNotice(shown)}
      >
        <Icon of={X} size={20} />
      </button>
    </div>
  );
}

function skipToContent(): void {
  document.querySelector<HTMLElement>('main h1')?.focus();
}
