/**
 * The view before the camera runs: what the app does, how to start; or why there is no camera, and the way without it.
 *
 * In:    why the camera does not run, if it was tried
 * Out:   a view; the camera is started, or photos are chosen
 * Needs: failure.ts, kinds.ts
 */

import { Camera, CameraOff, ImageUp, RotateCw } from 'lucide';
import type { JSX } from 'preact';
import { Icon } from '../../parts/icon';
import { type MessageKey, t } from '../../words';
import { useApp } from '../app';
import { chooseFiles } from '../incoming';
import { kindLabel, kindsWithPages } from '../kinds/kinds';
import { Page } from '../parts/page';
import { Sketch } from '../parts/sketch';
import { hashOf } from '../router';
import type { Failure } from './failure';
import { Loading } from './loading';
import { NextPhoto } from './next-photo';

const MAX_KINDS = 8; // named; a model may have a thousand

const FAILURES: Readonly<Record<Failure, { title: MessageKey; text: MessageKey }>> = {
  denied: { title: 'camera.denied', text: 'camera.deniedText' },
  absent: { title: 'home.title', text: 'camera.absentText' },
  busy: { title: 'camera.busy', text: 'camera.busyText' },
  insecure: { title: 'camera.insecure', text: 'camera.insecureText' },
  other: { title: 'camera.failed', text: 'camera.failedText' },
};
const REPAIRABLE: readonly Failure[] = ['denied', 'busy', 'other']; // trying again may help

interface WelcomeProps {
  readonly failure: Failure | null; // null: the camera was not tried
  readonly onStart: () => void;
}

/** The view. */
export function Welcome({ failure, onStart }: WelcomeProps): JSX.Element {
  const { title, text } = failure ? FAILURES[failure] : ({ title: 'home.title', text: 'app.about' } as const);
  const canTry = failure === null || REPAIRABLE.includes(failure);
  return (
    <Page title={t(title)} class={`welcome ${failure ?? 'start'}`}>
      <NextPhoto />
      <div class="pitch">
        <Emblem failure={failure} />
        <p class="lead">{t(text)}</p>
        {failure ? <DropArea /> : null}
        <div class="choices">
          {canTry ? (
            <button type="button" class={failure ? '' : 'main'} onClick={onStart}>
              <Icon of={failure ? RotateCw : Camera} />
              {t(failure ? 'camera.again' : 'home.camera')}
            </button>
          ) : null}
          {failure ? null : <ImportButton />}
        </div>
        <Loading />
      </div>
      <Kinds />
    </Page>
  );
}

/** What is seen first: keys in a viewfinder, or that there is no camera. */
function Emblem({ failure }: { readonly failure: Failure | null }): JSX.Element | null {
  const { running } = useApp();
  const [first] = running.value?.card.kinds ?? kindsWithPages();
  if (failure && failure !== 'absent')
    return (
      <span class="emblem off">
        <Icon of={CameraOff} size={40} />
      </span>
    );
  if (failure) return null;
  return (
    <span class="emblem finder" aria-hidden="true">
      {first ? <Sketch kind={first} /> : null}
    </span>
  );
}

function ImportButton(): JSX.Element {
  return (
    <button type="button" onClick={useChoose()}>
      <Icon of={ImageUp} />
      {t('home.choose')}
    </button>
  );
}

/** A large place for photos, in place of the camera. */
function DropArea(): JSX.Element {
  return (
    <div class="drop-area">
      <Icon of={ImageUp} size={40} />
      <button type="button" class="main" onClick={useChoose()}>
        {t('home.choose')}
      </button>
      <p class="secondary">{t('home.drop')}</p>
    </div>
  );
}

/** The kinds, each a link to its page. */
function Kinds(): JSX.Element | null {
  const { running } = useApp();
  const kinds = running.value?.card.kinds ?? kindsWithPages();
  if (kinds.length === 0) return null;
  const more = kinds.length - MAX_KINDS;
  return (
    <div class="known">
      <h2>{t('kinds.title')}</h2>
      <ul>
        {kinds.slice(0, MAX_KINDS).map((kind) => (
          <li key={kind}>
            <a href={hashOf({ view: 'kind', kind })}>
              <Sketch kind={kind} />
              <span>{kindLabel(kind)}</span>
            </a>
          </li>
        ))}
        {more > 0 ? (
          <li>
            <a href={hashOf({ view: 'kinds' })}>{t('camera.moreKinds', { n: more })}</a>
          </li>
        ) : null}
      </ul>
    </div>
  );
}

function useChoose(): () => void {
  const app = useApp();
  return () => chooseFiles('photo', true, (files) => void app.openFiles(files));
}
