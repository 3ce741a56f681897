/**
 * The running camera: the picture over the whole screen, outlines, a hint, controls; frozen, the answer.
 *
 * In:    a camera
 * Out:   elements; announcements
 * Needs: live-session.ts, controls.tsx, frozen.tsx, pill.tsx
 */

import type { JSX, RefObject } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { t } from '../../words';
import { useApp } from '../app';
import { Controls } from './controls';
import type { Camera, Lens } from './device';
import { FrozenCard } from './frozen';
import { watchGestures } from './gestures';
import { LiveSession } from './live-session';
import { NextPhoto } from './next-photo';
import { Pill, WholeAnswer } from './pill';
import { useAnnouncements } from './spoken';

const KEY_ZOOM = 1.25; // per press of + or -
const TOP = 64; // CSS px at the top where the hint is
const EDGE = 8; // CSS px around the names

interface LiveProps {
  readonly camera: Camera;
  readonly lenses: readonly Lens[];
  readonly onLens: (id: string) => void;
}

/** The camera. */
export function Live({ camera, lenses, onLens }: LiveProps): JSX.Element {
  const app = useApp();
  const session = useMemo(() => new LiveSession(app, camera), [camera]);
  const stage = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const labels = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const [element, picture] = [stage.current, video.current];
    if (!element || !picture || !svg.current || !labels.current) return;
    show(camera, picture);
    return session.attach({ element, video: picture, svg: svg.current, labels: labels.current });
  }, [session]);
  useInput(session, stage);
  const isFrozen = session.frozen.value !== null;
  useLayout(session, stage, isFrozen);
  useAnnouncements(session);
  useFocusBack(stage, isFrozen);
  return (
    <div
      class={`stage live ${isFrozen ? 'frozen' : ''} ${session.isTaking.value ? 'taking' : ''}`}
      ref={stage}
    >
      <video ref={video} playsInline muted autoPlay aria-label={t('camera.video')} />
      <svg ref={svg} class="live-outlines" aria-hidden="true" />
      <div ref={labels} class="live-labels" />
      <FocusRing session={session} />
      <div class="live-top">
        {isFrozen ? null : <NextPhoto />}
        <Pill session={session} />
      </div>
      <WholeAnswer session={session} />
      {isFrozen ? (
        <FrozenCard session={session} />
      ) : (
        <Controls session={session} lenses={lenses} onLens={onLens} />
      )}
    </div>
  );
}

/** Focus the shutter when the controls have come back: what had the focus is gone. */
function useFocusBack(stage: RefObject<HTMLDivElement | null>, isFrozen: boolean): void {
  const wasFrozen = useRef(false);
  useEffect(() => {
    if (wasFrozen.current && !isFrozen)
      stage.current?.querySelector<HTMLElement>('.shutter')?.focus({ preventScroll: true });
    wasFrozen.current = isFrozen;
  }, [isFrozen]);
}

/** Play a camera's picture. Safari needs the properties, not only the attributes. */
function show(camera: Camera, video: HTMLVideoElement): void {
  video.srcObject = camera.stream;
  video.muted = true;
  video.playsInline = true;
  void video.play().catch(() => undefined);
}

/** Where the camera focuses. */
function FocusRing({ session }: { readonly session: LiveSession }): JSX.Element | null {
  const focus = session.focus.value;
  if (!focus) return null;
  const [x, y] = focus.point;
  return <span key={`${x} ${y}`} class="focus-ring" style={{ translate: `${x}px ${y}px` }} />;
}

/** Gestures, and keys: + and - zoom, Space takes a photo, Escape lets the picture move again. */
function useInput(session: LiveSession, stage: RefObject<HTMLDivElement | null>): void {
  useEffect(() => {
    const { signal, abort } = controller();
    const onZoom = (factor: number): void => session.zoomBy(factor);
    if (stage.current)
      watchGestures(stage.current, { onTap: (point) => session.tapAt(point), onZoom }, signal);
    document.addEventListener('keydown', (event) => onKey(event, session), { signal });
    document.addEventListener('visibilitychange', () => followPage(session), { signal });
    return abort;
  }, [session]);
}

function controller(): { signal: AbortSignal; abort: () => void } {
  const created = new AbortController();
  return { signal: created.signal, abort: () => created.abort() };
}

function onKey(event: KeyboardEvent, session: LiveSession): void {
  const isOnControl = event.target instanceof Element && event.target.closest('button, a, input, select');
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '+' || event.key === '=') session.zoomBy(KEY_ZOOM);
  else if (event.key === '-') session.zoomBy(1 / KEY_ZOOM);
  else if (event.key === 'Escape' && session.frozen.value) session.keepScanning();
  else if (event.key === ' ' && !isOnControl && !session.frozen.value) void session.take();
  else return;
  event.preventDefault();
}

/** Phones pause the video of a hidden page, and some do not play it again by themselves. */
function followPage(session: LiveSession): void {
  if (!document.hidden) session.play();
}

/** Tell the session which part of the stage is free of controls, whenever its size changes. */
function useLayout(session: LiveSession, stage: RefObject<HTMLDivElement | null>, isFrozen: boolean): void {
  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    const observer = new ResizeObserver(() => session.setClearArea(clearArea(element)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [session, isFrozen]);
}

function clearArea(stage: HTMLElement): { x: number; y: number; width: number; height: number } {
  const outer = stage.getBoundingClientRect();
  const bar = stage.querySelector('.controls, .answer-card')?.getBoundingClientRect() ?? outer;
  const isBeside = bar.height > bar.width;
  const right = isBeside ? bar.left - outer.left : outer.width;
  const bottom = isBeside ? outer.height : bar.top - outer.top;
  const above = stage.querySelector('.next-photo')?.getBoundingClientRect().bottom ?? outer.top;
  const y = TOP + above - outer.top;
  return { x: EDGE, y, width: Math.max(right - 2 * EDGE, 1), height: Math.max(bottom - y - EDGE, 1) };
}
