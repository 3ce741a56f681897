/**
 * The live camera: keys are outlined and named in each frame.
 *
 * In:    a camera, the engine
 * Out:   a view; a frame that is taken as a photo
 * Needs: key-list.ts, outlines.ts
 */

import { LIMITS } from '../core/causes';
import type { Engine } from '../engine/client';
import type { FrameResult, KeyResult } from '../engine/protocol';
import { t } from '../words';
import { answerText, detailText } from './describe';
import { button, el, setAspectRatio, stage, svg } from './dom';
import { keyList } from './key-list';
import { createOutlines, drawOutlines } from './outlines';

const CONSTRAINTS: MediaStreamConstraints = {
  audio: false,
  video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
};
const STEADY_FRAMES = 3; // for which an answer must be the same before it is announced
const PAUSE = 60; // ms between frames, for the page and the battery
const GUIDE = { width: 0.86, height: 0.43 }; // of the shorter side; the aspect ratio of a crop

/** What the camera needs of the page. */
export interface CameraHost {
  readonly engine: Engine;
  readonly isWhole: boolean; // whether whole frames are classified: no key is to be aligned
  announce(message: string): void;
  onPhoto(frame: ImageBitmap, tapped: KeyResult | null): void;
  onResult(result: FrameResult): void;
  onStop(): void;
  reportError(error: unknown): void;
}

/** A running camera. */
export class Camera {
  readonly view: HTMLElement;
  readonly #video = el('video', { playsinline: true, muted: true, autoplay: true });
  readonly #outlines = createOutlines(1, 1);
  readonly #guide = svg('svg', { class: 'guide', 'aria-hidden': 'true' });
  readonly #stage = stage(4, 3, this.#video, this.#guide, this.#outlines);
  readonly #answers = el('div', { class: 'answers' });
  #stream: MediaStream | null = null;
  #announced = '';
  #shownText = '';

  constructor(readonly host: CameraHost) {
    this.#video.muted = true; // some browsers ignore the attribute
    this.#video.setAttribute('aria-label', t('camera.video'));
    this.view = el(
      'section',
      { class: 'camera', 'aria-labelledby': 'camera-title' },
      el('h1', { id: 'camera-title', tabindex: '-1' }, t('camera.title')),
      this.#stage,
      el(
        'div',
        { class: 'bar' },
        button(t('camera.take'), () => void this.#takePhoto(), { class: 'main' }),
        button(t('camera.stop'), () => this.stop()),
      ),
      this.#answers,
    );
  }

  /** Ask for camera access and start. Throws the browser's error if there is no camera or no permission. */
  async start(): Promise<void> {
    this.#stream = await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
    for (const track of this.#stream.getTracks()) track.addEventListener('ended', () => this.stop());
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    this.#drawGuide();
    document.addEventListener('visibilitychange', this.#resume);
    this.#run().catch((error: unknown) => {
      this.stop();
      this.host.reportError(error);
    });
  }

  /** Stop and release the camera. */
  stop(): void {
    if (!this.#stream) return;
    document.removeEventListener('visibilitychange', this.#resume);
    for (const track of this.#stream.getTracks()) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
    this.host.onStop();
  }

  /** Resume when the page is visible again: some phones pause the video meanwhile. */
  readonly #resume = (): void => {
    if (!document.hidden && this.#stream) void this.#video.play().catch(() => undefined);
  };

  async #run(): Promise<void> {
    while (this.#stream) {
      if (document.hidden || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
        await sleep(4 * PAUSE);
        continue;
      }
      const frame = await createImageBitmap(this.#video).catch(() => null); // fails while the camera starts or stops
      if (!frame) continue;
      const result = await this.host.engine.call('recogniseFrame', frame);
      if (this.#stream) this.#show(result);
      await sleep(PAUSE);
    }
  }

  #show(result: FrameResult): void {
    drawOutlines(this.#outlines, result, result.keys, (index) => void this.#takePhoto(result.keys[index]));
    this.#guide.toggleAttribute('data-found', result.keys.length > 0);
    this.#listAnswers(result);
    this.#announceSteady(result);
    this.host.onResult(result);
    recordTiming(result);
  }

  /** List the answers; the list is only replaced if they have changed. */
  #listAnswers({ keys, brightness }: FrameResult): void {
    const nothing = t(brightness < LIMITS.dark ? 'camera.dark' : 'camera.nothing');
    const text = keys.length ? keys.map((key) => answerText(key) + detailText(key)).join('\n') : nothing;
    if (text === this.#shownText) return;
    this.#shownText = text;
    this.#answers.replaceChildren(keys.length ? keyList(keys) : el('p', { class: 'nothing' }, nothing));
  }

  /** Announce steady answers to screen readers, unless only their probabilities have changed. */
  #announceSteady({ keys }: FrameResult): void {
    const steady = keys.filter(({ frames }) => frames >= STEADY_FRAMES).map(answerText);
    const text = steady.join('; ');
    if (text && withoutNumbers(text) !== withoutNumbers(this.#announced)) this.host.announce(text);
    this.#announced = text || (keys.length ? this.#announced : '');
  }

  async #takePhoto(tapped: KeyResult | null = null): Promise<void> {
    if (!this.#stream) return;
    const frame = await createImageBitmap(this.#video);
    this.stop();
    this.host.onPhoto(frame, tapped);
  }

  #drawGuide(): void {
    const { videoWidth: width, videoHeight: height } = this.#video;
    setAspectRatio(this.#stage, width, height);
    if (this.host.isWhole) return;
    const side = Math.min(width, height);
    const guideWidth = GUIDE.width * (width < height ? width : side * 1.3);
    const guideHeight = GUIDE.height * side;
    this.#guide.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#guide.replaceChildren(
      svg('rect', {
        x: (width - guideWidth) / 2,
        y: (height - guideHeight) / 2,
        width: guideWidth,
        height: guideHeight,
        rx: side / 30,
        'stroke-width': side / 160,
      }),
    );
  }
}

/** Return the message for an error from starting the camera. */
export function cameraErrorText(error: unknown): string {
  if (!globalThis.isSecureContext || !navigator.mediaDevices) return t('error.insecure');
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return t('error.denied');
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return t('error.noCamera');
  return t('error.camera', { why: error instanceof Error ? error.message : String(error) });
}

function withoutNumbers(text: string): string {
  return text.replace(/[\d.,\s%]+/g, ' ');
}

/** Record how long a frame took in the browser's performance timeline, where benchmarks observe it. */
function recordTiming({ milliseconds }: FrameResult): void {
  performance.measure('frame', { start: performance.now() - milliseconds, duration: milliseconds });
  performance.clearMeasures('frame');
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
