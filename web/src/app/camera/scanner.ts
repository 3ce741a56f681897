/**
 * Frame after frame: what the camera sees, made steady.
 *
 * In:    a video, the engine
 * Out:   Seen after each frame: the keys, in px of the video, and the hint
 * Needs: capture.ts, viewport.ts, steady.ts, hint.ts
 */

import {
  type Box,
  hintFor,
  NO_HINT,
  NOTHING_SEEN,
  type Point,
  type Rectangle,
  type ShownHint,
  type Steady,
  showsNoKey,
  updateHint,
  updateSteady,
} from '../../core';
import type { FrameResult, KeyResult } from '../../engine/protocol';
import type { App } from '../app';
import { takeFrame } from './capture';

const PAUSE = 60; // ms between frames, for the page and the battery
const MAX_FAILURES = 5; // frames in a row; one that fails, such as for lack of memory, stops nothing
const WAIT = 200; // ms until looking again whether there is anything to do

/** What frames have shown so far. */
export interface Seen {
  readonly steady: Steady<KeyResult>;
  readonly hint: ShownHint;
}

/** Nothing yet. */
export const NOTHING: Seen = { steady: NOTHING_SEEN, hint: NO_HINT };

/** What a scan needs. */
export interface Scan {
  readonly app: App;
  readonly video: HTMLVideoElement;
  region(): Rectangle; // the visible part of the video, px
  isPaused(): boolean;
  onSeen(seen: Seen): void | Promise<void>;
}

/** Recognise frames until the signal is aborted. Throws what the engine throws if it fails again and again. */
export async function scan(what: Scan, signal: AbortSignal): Promise<void> {
  let seen = NOTHING;
  let failures = 0;
  const failed = (error: unknown): null => {
    if (++failures > MAX_FAILURES) throw error;
    return null;
  };
  while (!signal.aborted) {
    const { app, video } = what;
    const hasPicture = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.videoWidth > 0;
    if (!app.running.value || !hasPicture || document.hidden || what.isPaused()) {
      await sleep(WAIT);
      continue;
    }
    const region = what.region();
    const time = performance.now();
    const frame = await takeFrame(video, region).catch(() => null); // fails while the camera starts or stops
    const result = frame && (await recognised(app, frame).catch(failed));
    if (signal.aborted) return;
    if (result) failures = 0;
    if (result && !what.isPaused()) {
      record(app, result);
      seen = after(seen, result, region, time);
      await what.onSeen(seen);
    }
    await sleep(result ? PAUSE : WAIT);
  }
}

/** Return what a frame shows; null: another model was opened meanwhile. Throws an Error if the engine fails. */
async function recognised({ running }: App, frame: ImageBitmap): Promise<FrameResult | null> {
  const before = running.value;
  try {
    return (await before?.engine.call('recogniseFrame', frame)) ?? null;
  } catch (error) {
    if (running.value === before) throw error;
    return null;
  }
}

function after({ steady, hint }: Seen, result: FrameResult, region: Rectangle, time: number): Seen {
  const keys = result.keys.map((key) => inVideo(key, region));
  return {
    steady: updateSteady(steady, keys, time),
    hint: updateHint(hint, hintFor(result), time, showsNoKey(result)),
  };
}

/** Return a key of a part of the video in px of the whole. */
function inVideo(key: KeyResult, { x, y }: Rectangle): KeyResult {
  const moved = (point: Point): Point => [point[0] + x, point[1] + y];
  const box = key.box.map(moved) as unknown as Box;
  return { ...key, box, head: key.head && moved(key.head), tip: key.tip && moved(key.tip) };
}

/** Record how long a frame took; benchmarks read it from the browser's performance timeline. */
function record(app: App, { milliseconds }: FrameResult): void {
  app.milliseconds.value = milliseconds;
  performance.measure('frame', { start: performance.now() - milliseconds, duration: milliseconds });
  performance.clearMeasures('frame');
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
