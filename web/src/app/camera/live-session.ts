/**
 * A running camera: what it shows, what the user does with it, and when the picture freezes.
 *
 * In:    a camera; the elements that show it
 * Out:   signals for the controls; photos, opened as answers
 * Needs: scanner.ts, overlay.ts, capture.ts, trigger.ts, viewport.ts
 */

import { computed, effect, type Signal, signal } from '@preact/signals';
import { type Hint, type Point, type Rectangle, type SteadyKey, shownKeys } from '../../core';
import type { KeyResult } from '../../engine/protocol';
import type { Answer } from '../answers';
import type { App } from '../app';
import { ownKey } from '../my-keys/recognition';
import { setting } from '../storage/settings';
import { frameAsPhoto, type Taken, takePhoto } from './capture';
import type { Camera, Features } from './device';
import { Overlay } from './overlay';
import { NOTHING, type Seen, scan } from './scanner';
import { ARMED, afterPhoto, isTriggered, type Trigger, updateTrigger } from './trigger';
import { clamp, toVideo, type Viewport, visibleRegion } from './viewport';

const DIGITAL_ZOOM = 5; // at most: more would show pixels
const TOUCH_TIME = 1200; // ms after a touch in which the picture does not freeze: the user is doing something
const HAPTIC = 18; // ms of vibration when the picture freezes
const NONE: Features = { hasTorch: false, zoom: null, canFocus: false };

/** Whether the picture freezes by itself on a sure answer. */
export const freezes = setting('camera-freezes', true);

let trigger: Trigger = ARMED; // kept between views: Back from an answer does not freeze the same key again

/** The elements that show the camera. */
export interface Stage {
  readonly element: HTMLElement;
  readonly video: HTMLVideoElement;
  readonly svg: SVGSVGElement;
  readonly labels: HTMLElement;
}

/** A frozen picture, and its answer. */
export interface Frozen {
  readonly answer: Answer;
  readonly keys: readonly SteadyKey[];
}

/** Where the user tapped to focus, CSS px of the stage; a new object for each tap. */
export interface FocusPoint {
  readonly point: Point;
}

/** The session of a camera. */
export class LiveSession {
  readonly features = signal<Features>(NONE);
  readonly zoom = signal(1);
  readonly isTorchOn = signal(false);
  readonly focus = signal<FocusPoint | null>(null);
  readonly hint = signal<Hint | null>(null);
  readonly keys: Signal<readonly SteadyKey[]> = signal([]); // changes with the answers, not with each frame
  readonly isReading = signal(false); // whether frames are being recognised
  readonly frozen = signal<Frozen | null>(null);
  readonly isTaking = signal(false);
  readonly digitalZoom = computed(() => this.zoom.value / this.#opticalZoom(this.zoom.value));
  #stage: Stage | null = null;
  #overlay: Overlay | null = null;
  #seen: Seen = NOTHING;
  #touched = 0; // ms, when the user last zoomed or focused
  #clear: Rectangle = { x: 0, y: 0, width: 1, height: 1 };

  constructor(
    readonly app: App,
    readonly camera: Camera,
  ) {}

  /** Show the camera and recognise keys until the returned function is called. */
  attach(stage: Stage): () => void {
    this.#stage = stage;
    const { video, svg, labels } = stage;
    const stopped = new AbortController();
    const overlay = new Overlay({
      svg,
      labels,
      viewport: () => this.viewport(),
      clearArea: () => this.#clear,
      onOpen: (id) => void this.openKey(id),
      ownName: ({ key }) =>
        ownKey((key as Partial<KeyResult>).features ?? null, this.app.running.value?.card)?.name ?? null,
    });
    this.#overlay = overlay;
    const learn = (): void => {
      this.features.value = this.camera.features();
    };
    video.addEventListener('loadeddata', learn, { signal: stopped.signal });
    video.addEventListener('resize', () => overlay.refresh(), { signal: stopped.signal });
    const unwatch = effect(() => {
      video.style.scale = `${(this.camera.isFront ? -1 : 1) * this.digitalZoom.value} ${this.digitalZoom.value}`;
      overlay.refresh();
    });
    const isPaused = (): boolean => this.isTaking.value || this.frozen.value !== null;
    const onSeen = (seen: Seen): Promise<void> => this.#show(seen);
    const work = { app: this.app, video, region: () => visibleRegion(this.viewport()), isPaused, onSeen };
    scan(work, stopped.signal).catch(this.app.reportError);
    return () => {
      stopped.abort();
      unwatch();
      overlay.clear();
      this.#stage = null;
    };
  }

  /** How the picture is shown now. */
  viewport(): Viewport {
    const { element, video } = this.#stage ?? {};
    return {
      stage: { width: element?.clientWidth || 1, height: element?.clientHeight || 1 },
      video: { width: video?.videoWidth || 1, height: video?.videoHeight || 1 },
      zoom: this.digitalZoom.value,
      isMirrored: this.camera.isFront,
    };
  }

  /** Keep names within the part of the stage that no control covers. */
  setClearArea(area: Rectangle): void {
    this.#clear = area;
    this.#overlay?.refresh();
  }

  /** Zoom by a factor relative to the present one. */
  zoomBy(factor: number): void {
    this.setZoom(this.zoom.value * factor);
  }

  /** Zoom: with the camera's own zoom as far as it goes, then by enlarging the picture. */
  setZoom(factor: number): void {
    const range = this.features.value.zoom;
    this.#touched = performance.now();
    this.zoom.value = clamp(factor, range?.min ?? 1, (range?.max ?? 1) * (range ? 2 : DIGITAL_ZOOM));
    if (range) void this.camera.setZoom(this.#opticalZoom(this.zoom.value));
  }

  /** Switch the torch. */
  async toggleTorch(): Promise<void> {
    const wanted = !this.isTorchOn.value;
    if (await this.camera.setTorch(wanted)) this.isTorchOn.value = wanted;
  }

  /** Open the key at a point of the stage; where there is none, focus there if the camera can. */
  tapAt(point: Point): void {
    if (this.frozen.value || this.isTaking.value) return;
    const id = this.#overlay?.keyAt(point) ?? null;
    if (id !== null) void this.openKey(id);
    else if (this.features.value.canFocus) this.#focusAt(point);
  }

  /** Take a photo, and open its answer. */
  take(): Promise<void> {
    const isEnlarged = this.digitalZoom.value > 1 || this.isTorchOn.value;
    return this.#taking(async ({ video }, region) => {
      const photo = await takePhoto(this.camera, video, region, isEnlarged);
      this.app.openFrame(photo.blob, photo.bitmap ?? undefined);
    });
  }

  /** Take the frame, and open the answer of a key that is outlined in it. */
  openKey(id: number): Promise<void> {
    return this.#taking(async ({ video }, region) => {
      const key = this.#seen.steady.keys.find((each) => each.id === id);
      const { blob, bitmap } = await frameAsPhoto(video, region);
      this.app.openFrame(blob, bitmap ?? undefined, key && middleOf(key, region));
    });
  }

  /** Let the picture move again. */
  keepScanning(): void {
    const { answer } = this.frozen.value ?? {};
    if (answer) void this.app.answers.discard(answer).catch(this.app.reportError); // the user did not ask for it
    this.frozen.value = null;
    this.play();
  }

  /** Play the video: browsers pause it when the page is hidden. */
  play(): void {
    if (!this.frozen.value) void this.#stage?.video.play().catch(() => undefined);
  }

  #opticalZoom(total: number): number {
    const range = this.features.value.zoom;
    return range ? clamp(total, range.min, range.max) : 1;
  }

  #focusAt(point: Point): void {
    this.focus.value = { point };
    this.#touched = performance.now();
    const viewport = this.viewport();
    const [x, y] = toVideo(viewport, point);
    void this.camera.focusAt([x / viewport.video.width, y / viewport.video.height]);
  }

  async #show(seen: Seen): Promise<void> {
    this.#seen = seen;
    trigger = updateTrigger(trigger, seen.steady);
    const keys = shownKeys(seen.steady);
    this.#overlay?.update(keys);
    this.isReading.value = true;
    this.hint.value = seen.hint.hint;
    if (textOf(keys) !== textOf(this.keys.value)) this.keys.value = keys;
    const isBusy = performance.now() - this.#touched < TOUCH_TIME;
    const isAutomatic = freezes.value && !this.app.nextPhoto.value; // another photo of a key is another view of it
    if (isAutomatic && !isBusy && isTriggered(trigger, seen.steady)) await this.#freeze(keys);
  }

  /** Freeze the picture, and open it as a photo: an automatic shutter. */
  async #freeze(keys: readonly SteadyKey[]): Promise<void> {
    await this.#taking(async ({ video }, region) => {
      const { blob, bitmap }: Taken = await frameAsPhoto(video, region);
      navigator.vibrate?.(HAPTIC);
      const answer = this.app.answers.open(blob, { isTentative: true, ...(bitmap ? { bitmap } : {}) });
      this.frozen.value = { answer, keys };
    });
  }

  /** Hold the picture while a photo of it is taken. */
  async #taking(take: (stage: Stage, region: Rectangle) => Promise<void>): Promise<void> {
    const stage = this.#stage;
    if (!stage || this.isTaking.value || this.frozen.value || !stage.video.videoWidth) return;
    this.isTaking.value = true;
    stage.video.pause();
    trigger = afterPhoto(this.#seen.steady);
    try {
      await take(stage, visibleRegion(this.viewport()));
    } catch (error) {
      this.app.reportError(error);
    } finally {
      this.isTaking.value = false;
      this.play();
    }
  }
}

/** Return what is to be shown or announced of keys. */
function textOf(keys: readonly SteadyKey[]): string {
  return keys.map(({ verdict, percent, head }) => `${verdict.kind} ${head ? '' : percent}`).join();
}

/** Return the middle of a key as shares of a part of the video. */
function middleOf({ box }: SteadyKey, { x, y, width, height }: Rectangle): Point {
  const sum = box.reduce<Point>(([left, top], corner) => [left + corner[0], top + corner[1]], [0, 0]);
  return [(sum[0] / box.length - x) / width, (sum[1] / box.length - y) / height];
}
