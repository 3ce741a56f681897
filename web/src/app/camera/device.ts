/**
 * A camera of the device: its picture, torch, zoom and focus.
 *
 * In:    the browser's media devices
 * Out:   Camera; the lenses there are; what the browser offers to control
 * Needs: getUserMedia
 *
 * Browsers differ in what they offer: Chromium on Android has torch, zoom and focus, Safari on iPhone has zoom at most,
 * desktop browsers have none of them. What is not offered is hidden.
 */

import type { Point } from '../../core';

const WIDTH = 1920; // px that are asked for; a browser chooses the nearest that the camera has
const HEIGHT = 1080;
const FOCUS_TIME = 4000; // ms for which the focus stays where the user tapped

/** A camera that can be chosen. */
export interface Lens {
  readonly id: string;
  readonly label: string; // as the system names it; may be empty
}

/** A range of zoom factors that the camera itself offers. */
export interface ZoomRange {
  readonly min: number;
  readonly max: number;
}

/** What can be controlled. */
export interface Features {
  readonly hasTorch: boolean;
  readonly zoom: ZoomRange | null; // null: only digital zoom
  readonly canFocus: boolean;
}

/** What TypeScript's DOM types lack. Source: W3C, MediaStream Image Capture. */
interface PhotoCapabilities extends MediaTrackCapabilities {
  readonly torch?: boolean;
  readonly zoom?: { readonly min: number; readonly max: number };
  readonly focusMode?: readonly string[];
}

interface PhotoSettings extends MediaTrackConstraintSet {
  torch?: boolean;
  zoom?: number;
  focusMode?: string;
  pointsOfInterest?: readonly { x: number; y: number }[];
}

/** A camera that runs. */
export class Camera {
  readonly #track: MediaStreamTrack;
  #wantedZoom: number | null = null;
  #isZooming = false;
  #focusTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly stream: MediaStream) {
    const [track] = stream.getVideoTracks();
    if (!track) throw new DOMException('the stream has no picture', 'NotFoundError');
    this.#track = track;
  }

  /** Its picture. */
  get track(): MediaStreamTrack {
    return this.#track;
  }

  /** Which of the lenses it is; empty if the browser does not say. */
  get lens(): string {
    return this.#track.getSettings().deviceId ?? '';
  }

  /** Whether it looks at the user, who expects a mirror image. */
  get isFront(): boolean {
    return this.#track.getSettings().facingMode === 'user';
  }

  /** Whether it runs. */
  get isLive(): boolean {
    return this.#track.readyState === 'live';
  }

  /** What can be controlled; some browsers know only once the picture runs. */
  features(): Features {
    const { torch, zoom, focusMode } = this.#capabilities();
    const supported = navigator.mediaDevices.getSupportedConstraints() as { pointsOfInterest?: boolean };
    return {
      hasTorch: torch === true,
      zoom: zoom && zoom.max > zoom.min ? { min: zoom.min, max: zoom.max } : null,
      canFocus: supported.pointsOfInterest === true && focusMode?.includes('single-shot') === true,
    };
  }

  /** Whether the camera has many more pixels than the video: a photo is worth waiting for. */
  hasFinerPhotos(ratio: number): boolean {
    const { width, height } = this.#capabilities();
    const settings = this.#track.getSettings();
    const most = (width?.max ?? 0) * (height?.max ?? 0);
    return most > ratio ** 2 * (settings.width ?? Infinity) * (settings.height ?? Infinity);
  }

  /** Switch the torch. Returns whether the camera did. */
  setTorch(isOn: boolean): Promise<boolean> {
    return this.#apply({ torch: isOn });
  }

  /** Set the camera's own zoom. Of several calls while it moves, the last one counts. */
  async setZoom(factor: number): Promise<void> {
    this.#wantedZoom = factor;
    if (this.#isZooming) return;
    this.#isZooming = true;
    while (this.#wantedZoom !== null) {
      const zoom: number = this.#wantedZoom;
      this.#wantedZoom = null;
      await this.#apply({ zoom });
    }
    this.#isZooming = false;
  }

  /** Focus at a point for some seconds; x and y are shares of the picture, 0 to 1. */
  async focusAt([x, y]: Point): Promise<void> {
    clearTimeout(this.#focusTimer);
    await this.#apply({ pointsOfInterest: [{ x, y }], focusMode: 'single-shot' });
    if (!this.#capabilities().focusMode?.includes('continuous')) return;
    this.#focusTimer = setTimeout(() => void this.#apply({ focusMode: 'continuous' }), FOCUS_TIME);
  }

  /** Release the camera. */
  stop(): void {
    clearTimeout(this.#focusTimer);
    for (const track of this.stream.getTracks()) track.stop();
  }

  #capabilities(): PhotoCapabilities {
    return this.#track.getCapabilities?.() ?? {}; // Firefox before 132 has no such method
  }

  async #apply(settings: PhotoSettings): Promise<boolean> {
    try {
      await this.#track.applyConstraints({ advanced: [settings] });
      return true;
    } catch {
      return false; // refused, or the camera has been stopped
    }
  }
}

/** Start a lens; null: the one at the back. Throws the browser's error. */
export async function openCamera(lens: string | null): Promise<Camera> {
  const which = lens ? { deviceId: { ideal: lens } } : { facingMode: { ideal: 'environment' } };
  const size = { width: { ideal: WIDTH }, height: { ideal: HEIGHT } };
  return new Camera(
    await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...which, ...size } }),
  );
}

/** Return the lenses. Before the user has permitted the camera, they have no names and no ids. */
export async function lenses(): Promise<Lens[]> {
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices
    .filter(({ kind }) => kind === 'videoinput')
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
}
