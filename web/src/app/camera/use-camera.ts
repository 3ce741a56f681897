/**
 * The camera over the life of a view: started when it may be, released with the view, started again on return.
 *
 * In:    the browser's permission; what the user does
 * Out:   Phase; functions to start a camera
 * Needs: device.ts, failure.ts
 */

import { useEffect, useRef, useState } from 'preact/hooks';
import { setting } from '../storage/settings';
import { type Camera, type Lens, lenses, openCamera } from './device';
import { type Failure, failureOf, knownFailure, permission } from './failure';

const HIDDEN_TIME = 8000; // ms for which a hidden page keeps the camera

/** The camera that the user chose last; empty: the one at the back. */
const chosenLens = setting('camera-lens', '');

let hasRun = false; // whether the user started it in this visit: Back to this view starts it again

/** Where the camera stands. */
export type Phase =
  | { readonly is: 'asking' } // whether it may be started
  | { readonly is: 'start' } // when the user wants it
  | { readonly is: 'opening' }
  | { readonly is: 'live'; readonly camera: Camera; readonly lenses: readonly Lens[] }
  | { readonly is: 'failed'; readonly why: Failure };

/** What the view does with the camera. */
export interface CameraControl {
  readonly phase: Phase;
  start(): void;
  use(lens: string): void;
}

/** Return the camera's phase, and how to start it. */
export function useCamera(): CameraControl {
  const [phase, setPhase] = useState<Phase>({ is: 'asking' });
  const opener = useRef<Opener | null>(null);
  opener.current ??= new Opener(setPhase);
  useEffect(() => {
    const { current } = opener;
    current?.begin();
    return () => current?.end();
  }, []);
  const start = (): void => void opener.current?.open();
  const use = (lens: string): void => {
    chosenLens.value = lens;
    start();
  };
  return { phase, start, use };
}

/** Opens cameras one after another, and releases them. */
class Opener {
  #camera: Camera | null = null;
  #hasEnded = false;
  #turn = 0; // of the newest attempt: an older one that succeeds late is released
  #hiding: ReturnType<typeof setTimeout> | undefined;
  readonly #events = new AbortController();

  constructor(readonly show: (phase: Phase) => void) {}

  /** Start at once if the user has permitted it before. */
  async begin(): Promise<void> {
    document.addEventListener('visibilitychange', () => this.#followPage(), { signal: this.#events.signal });
    const why = await knownFailure();
    const status = why ? null : await permission();
    if (this.#hasEnded) return;
    status?.addEventListener('change', () => this.#followPermission(status), { signal: this.#events.signal });
    if (why) this.show({ is: 'failed', why });
    else if (status?.state === 'denied') this.show({ is: 'failed', why: 'denied' });
    else if (status?.state === 'granted' || hasRun) await this.open();
    else this.show({ is: 'start' });
  }

  /** Start the chosen camera in place of the one before. */
  async open(): Promise<void> {
    const turn = ++this.#turn;
    this.#release();
    this.show({ is: 'opening' });
    try {
      const camera = await openCamera(chosenLens.value || null);
      if (this.#hasEnded || turn !== this.#turn) return camera.stop();
      this.#camera = camera;
      hasRun = true;
      this.#followPage(); // which may have been hidden meanwhile
      const { signal } = this.#events; // the browser may keep a track, and so its listeners, longer than the view
      camera.track.addEventListener('ended', () => this.#lose(camera), { signal }); // unplugged, or taken by another
      this.show({ is: 'live', camera, lenses: await lenses() });
    } catch (error) {
      if (!this.#hasEnded && turn === this.#turn) this.show({ is: 'failed', why: failureOf(error) });
    }
  }

  /** Release the camera: the view is gone. */
  end(): void {
    this.#hasEnded = true;
    this.#events.abort();
    this.#release();
  }

  #release(): void {
    clearTimeout(this.#hiding);
    this.#camera?.stop();
    this.#camera = null;
  }

  #lose(camera: Camera): void {
    if (camera !== this.#camera || document.hidden) return; // a phone takes it from a hidden page: see #followPage
    this.#release();
    this.show({ is: 'failed', why: 'busy' });
  }

  #followPage(): void {
    clearTimeout(this.#hiding);
    const camera = this.#camera;
    if (!camera) return;
    if (document.hidden) this.#hiding = setTimeout(() => camera.stop(), HIDDEN_TIME);
    else if (!camera.isLive) void this.open();
  }

  #followPermission({ state }: PermissionStatus): void {
    if (state === 'granted' && !this.#camera) void this.open();
    if (state === 'denied') {
      this.#release();
      this.show({ is: 'failed', why: 'denied' });
    }
  }
}
