/**
 * The camera's controls, in the thumb's reach: last photo, import, shutter, lenses, torch, zoom, automatic photos.
 *
 * In:    a live session, the lenses
 * Out:   elements
 * Needs: live-session.ts; what the camera does not offer is not there
 */

import { Flashlight, FlashlightOff, ImageUp, SwitchCamera } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { announce } from '../../notices';
import { Icon } from '../../parts/icon';
import { formatNumber, t } from '../../words';
import { useApp } from '../app';
import { chooseFiles } from '../incoming';
import { BlobImage } from '../parts/blob-image';
import { hashOf } from '../router';
import { newestEntry } from '../storage/entries';
import type { Lens } from './device';
import { freezes, type LiveSession } from './live-session';

const ZOOM_STEPS = [1, 2, 4]; // that the zoom button goes through

interface ControlsProps {
  readonly session: LiveSession;
  readonly lenses: readonly Lens[];
  readonly onLens: (id: string) => void;
}

/** The controls. */
export function Controls({ session, lenses, onLens }: ControlsProps): JSX.Element {
  const app = useApp();
  const choose = (): void => chooseFiles('photo', true, (files) => void app.openFiles(files));
  return (
    <div class="controls">
      <div class="modes">
        <ZoomButton session={session} />
        <FreezeButton />
      </div>
      <div class="row">
        <div class="side">
          <LastPhoto />
          <button type="button" class="round" aria-label={t('home.choose')} onClick={choose}>
            <Icon of={ImageUp} />
          </button>
        </div>
        <button
          type="button"
          class="shutter"
          aria-label={t('camera.take')}
          disabled={session.isTaking.value}
          onClick={() => void session.take()}
        />
        <div class="side">
          <LensButton current={session.camera.lens} lenses={lenses} onLens={onLens} />
          <TorchButton session={session} />
        </div>
      </div>
    </div>
  );
}

/** The newest photo of the history; nothing until there is one. */
function LastPhoto(): JSX.Element | null {
  const [entry, setEntry] = useState<Awaited<ReturnType<typeof newestEntry>>>(null);
  useEffect(() => {
    newestEntry().then(setEntry, () => undefined); // without storage, there is no history
  }, []);
  if (!entry) return null;
  return (
    <a class="round last-photo" href={hashOf({ view: 'answer', id: entry.id })} aria-label={t('camera.last')}>
      <BlobImage blob={entry.thumbnail} alt="" />
    </a>
  );
}

/** Switches between two lenses; of several, lets the user choose. */
function LensButton({ current, lenses, onLens }: Omit<ControlsProps, 'session'> & { current: string }) {
  const [isOpen, setIsOpen] = useState(false);
  useEffect(() => (isOpen ? onLeave(() => setIsOpen(false)) : undefined), [isOpen]);
  if (lenses.length < 2) return null;
  const others = lenses.filter(({ id }) => id !== current);
  const press = (): void => {
    if (lenses.length === 2 && others[0]) onLens(others[0].id);
    else setIsOpen(!isOpen);
  };
  return (
    <>
      <button
        type="button"
        class="round"
        aria-label={t('camera.switch')}
        aria-expanded={lenses.length > 2 ? isOpen : undefined}
        onClick={press}
      >
        <Icon of={SwitchCamera} />
      </button>
      {isOpen ? <LensMenu current={current} lenses={lenses} onLens={onLens} /> : null}
    </>
  );
}

/** Call a function on Escape and on a tap outside of the menu and its button. Returns how to stop that. */
function onLeave(leave: () => void): () => void {
  const stopped = new AbortController();
  const leaveIfOutside = ({ target }: Event): void => {
    if (target instanceof Element && !target.closest('.lens-menu, [aria-expanded]')) leave();
  };
  document.addEventListener('pointerdown', leaveIfOutside, { signal: stopped.signal });
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && leave(), { signal: stopped.signal });
  return () => stopped.abort();
}

function LensMenu({ current, lenses, onLens }: Omit<ControlsProps, 'session'> & { current: string }) {
  return (
    <ul class="lens-menu">
      {lenses.map(({ id, label }, i) => (
        <li key={id}>
          <button type="button" aria-pressed={id === current} onClick={() => onLens(id)}>
            {label || t('camera.lens', { n: i + 1 })}
          </button>
        </li>
      ))}
    </ul>
  );
}

function TorchButton({ session }: { readonly session: LiveSession }): JSX.Element | null {
  if (!session.features.value.hasTorch) return null;
  const isOn = session.isTorchOn.value;
  return (
    <button
      type="button"
      class="round"
      aria-label={t('camera.torch')}
      aria-pressed={isOn}
      onClick={() => void session.toggleTorch()}
    >
      <Icon of={isOn ? Flashlight : FlashlightOff} />
    </button>
  );
}

/** Shows the zoom; goes to the next step, after the last one to the first. */
function ZoomButton({ session }: { readonly session: LiveSession }): JSX.Element {
  const zoom = session.zoom.value;
  const factor = formatNumber(zoom, 1);
  const next = ZOOM_STEPS.find((step) => step > zoom + 0.05) ?? 1;
  const press = (): void => {
    session.setZoom(next);
    announce(t('camera.zoom', { factor: formatNumber(next, 1) }));
  };
  return (
    <button type="button" class="chip" aria-label={t('camera.zoom', { factor })} onClick={press}>
      {factor}×
    </button>
  );
}

/** Whether photos are taken by themselves. */
function FreezeButton(): JSX.Element {
  const isOn = freezes.value;
  const press = (): void => {
    freezes.value = !isOn;
    announce(t(isOn ? 'camera.autoOff' : 'camera.autoOn'));
  };
  return (
    <button
      type="button"
      class="chip"
      aria-label={`${t('camera.autoShort')}: ${t('camera.autoText')}`}
      aria-pressed={isOn}
      title={t('camera.autoText')}
      onClick={press}
    >
      {t('camera.autoShort')}
    </button>
  );
}
