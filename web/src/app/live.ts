/**
 * The live camera: each frame is looked at, keys are outlined and named.
 *
 * In:    a camera, the engine
 * Out:   a view; a frame that is taken as a photo
 * Needs: outlines.ts, keylist.ts
 */

import { LIMITS } from '../core/causes';
import type { Engine } from '../engine/client';
import type { Seen, SeenKey } from '../engine/protocol';
import { say } from '../words';
import { answerOf, detailOf } from './answers';
import { button, el, shape, stage, svg } from './dom';
import { keyList } from './keylist';
import { drawInto, drawing } from './outlines';

const WANTED: MediaStreamConstraints = {
  audio: false,
  video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
};
const STEADY = 3; // frames for which an answer must be the same before it is read out
const PAUSE = 60; // ms between frames, for the page and for the battery
const GUIDE = { wide: 0.86, high: 0.43 }; // of the shorter side: as slim as a cut

/** What the camera view can do for the page. */
export interface LiveHost {
  readonly engine: Engine;
  announce(words: string): void;
  taken(frame: ImageBitmap, touched: SeenKey | null): void;
  fault(error: unknown): void;
  stopped(): void;
  seen(result: Seen): void;
}

/** The camera at work. */
export class Live {
  readonly view: HTMLElement;
  readonly #video = el('video', { playsinline: true, muted: true, autoplay: true });
  readonly #over = drawing(1, 1);
  readonly #guide = svg('svg', { class: 'guide', 'aria-hidden': 'true' });
  readonly #stage = stage(4, 3, this.#video, this.#guide, this.#over);
  readonly #list = el('div', { class: 'answers' });
  #stream: MediaStream | null = null;
  #announced = '';
  #told = '';

  constructor(readonly host: LiveHost) {
    this.#video.muted = true; // the attribute alone does not count in every browser
    this.#video.setAttribute('aria-label', say('live.video'));
    this.view = el(
      'section',
      { class: 'live', 'aria-labelledby': 'live-title' },
      el('h1', { id: 'live-title', tabindex: '-1' }, say('live.title')),
      this.#stage,
      el(
        'div',
        { class: 'bar' },
        button(say('live.take'), () => void this.#take(), { class: 'main' }),
        button(say('live.stop'), () => this.stop()),
      ),
      this.#list,
    );
  }

  /** Ask for the camera and begin. Throws what the browser says where there is none. */
  async start(): Promise<void> {
    this.#stream = await navigator.mediaDevices.getUserMedia(WANTED);
    for (const track of this.#stream.getTracks()) track.addEventListener('ended', () => this.stop());
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    this.#drawGuide();
    document.addEventListener('visibilitychange', this.#shown);
    this.#look().catch((error: unknown) => {
      this.stop();
      this.host.fault(error);
    });
  }

  /** Go on when the page is seen again: some phones stop the film meanwhile. */
  readonly #shown = (): void => {
    if (!document.hidden && this.#stream) void this.#video.play().catch(() => undefined);
  };

  /** Let the camera go. */
  stop(): void {
    if (!this.#stream) return;
    document.removeEventListener('visibilitychange', this.#shown);
    for (const track of this.#stream.getTracks()) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
    this.host.stopped();
  }

  async #look(): Promise<void> {
    while (this.#stream) {
      if (document.hidden || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
        await later(4 * PAUSE);
        continue;
      }
      const frame = await createImageBitmap(this.#video).catch(() => null); // none while the camera starts or stops
      if (!frame) continue;
      const seen = await this.host.engine.ask('look', frame);
      if (this.#stream) this.#show(seen);
      await later(PAUSE);
    }
  }

  #show(seen: Seen): void {
    drawInto(this.#over, seen, seen.keys, (key) => void this.#take(seen.keys[key]));
    this.#guide.toggleAttribute('data-found', seen.keys.length > 0);
    this.#tell(seen);
    const steady = seen.keys.filter(({ frames }) => frames >= STEADY).map(answerOf);
    const told = steady.join('; ');
    if (told && told !== this.#announced && kindsOf(told) !== kindsOf(this.#announced))
      this.host.announce(told);
    this.#announced = told || (seen.keys.length ? this.#announced : '');
    this.host.seen(seen);
    timed(seen);
  }

  /** List the answers, anew only where they are others. */
  #tell({ keys, brightness }: Seen): void {
    const nothing = say(brightness < LIMITS.dark ? 'live.dark' : 'live.nothing');
    const words = keys.length ? keys.map((key) => answerOf(key) + detailOf(key)).join('\n') : nothing;
    if (words === this.#told) return;
    this.#told = words;
    this.#list.replaceChildren(keys.length ? keyList(keys) : el('p', { class: 'nothing' }, nothing));
  }

  async #take(touched: SeenKey | null = null): Promise<void> {
    if (!this.#stream) return;
    const frame = await createImageBitmap(this.#video);
    this.stop();
    this.host.taken(frame, touched);
  }

  #drawGuide(): void {
    const { videoWidth: width, videoHeight: height } = this.#video;
    shape(this.#stage, width, height);
    const short = Math.min(width, height);
    const [wide, high] = [GUIDE.wide * (width < height ? width : short * 1.3), GUIDE.high * short];
    this.#guide.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#guide.replaceChildren(
      svg('rect', {
        x: (width - wide) / 2,
        y: (height - high) / 2,
        width: wide,
        height: high,
        rx: short / 30,
        'stroke-width': short / 160,
      }),
    );
  }
}

/** Return what to say of the camera's failure. */
export function cameraFault(error: unknown): string {
  if (!globalThis.isSecureContext || !navigator.mediaDevices) return say('fault.insecure');
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return say('fault.denied');
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return say('fault.noCamera');
  return say('fault.camera', { why: error instanceof Error ? error.message : String(error) });
}

/** Return an announcement without its numbers: another percentage is no news. */
function kindsOf(words: string): string {
  return words.replace(/[\d.,\s%]+/g, ' ');
}

/** Tell the browser's timeline how long a frame took; who measures the app observes it there. */
function timed({ milliseconds }: Seen): void {
  performance.measure('frame', { start: performance.now() - milliseconds, duration: milliseconds });
  performance.clearMeasures('frame');
}

function later(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
