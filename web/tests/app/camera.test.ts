/**
 * Where the camera's picture is on the screen, and when it freezes.
 *
 * In:    viewports; keys of frames
 * Out:   passed or failed
 * Needs: app/camera/viewport.ts, app/camera/trigger.ts
 */

import { describe, expect, it } from 'vitest';
import { ARMED, afterPhoto, isTriggered, type Trigger, updateTrigger } from '../../src/app/camera/trigger';
import { toStage, toVideo, type Viewport, visibleRegion } from '../../src/app/camera/viewport';
import { NOTHING_SEEN, type Steady, updateSteady } from '../../src/core';
import { keyAt, verdict } from '../core/keys';

const FRAME = 100; // ms
const PHONE: Viewport = {
  stage: { width: 390, height: 844 },
  video: { width: 1280, height: 720 },
  zoom: 1,
  isMirrored: false,
};
const VIEWPORTS: [name: string, Viewport][] = [
  ['a phone held upright', PHONE],
  ['digital zoom', { ...PHONE, zoom: 3.3 }],
  ['a front camera', { ...PHONE, isMirrored: true }],
  ['a wide window', { ...PHONE, stage: { width: 1600, height: 500 } }],
];

describe.each(VIEWPORTS)('the picture with %s', (_, viewport) => {
  it('is recognised where it is visible: its corners are those of the stage', () => {
    const { x, y, width, height } = visibleRegion(viewport);
    const { stage, isMirrored } = viewport;
    const [left, top] = toStage(viewport, [isMirrored ? x + width : x, y]);
    const [right, bottom] = toStage(viewport, [isMirrored ? x : x + width, y + height]);
    const px = 2 * (stage.width / width); // of the video, which has whole ones
    for (const [found, expected] of [
      [left, 0],
      [top, 0],
      [right, stage.width],
      [bottom, stage.height],
    ] as const)
      expect(Math.abs(found - expected)).toBeLessThan(px);
  });

  it('has each point of the stage at a point of the video, and back', () => {
    const [x, y] = toStage(viewport, toVideo(viewport, [100, 200]));
    expect(x).toBeCloseTo(100);
    expect(y).toBeCloseTo(200);
  });
});

it('a mirrored picture has its left at the right', () => {
  const [left] = toStage({ ...PHONE, isMirrored: true }, [1279, 0]);
  const [right] = toStage({ ...PHONE, isMirrored: true }, [0, 0]);
  expect(left).toBeLessThan(right);
});

/** Return the state after some frames with keys of these kinds, and whether the picture froze. */
function watch(
  kinds: readonly string[],
  frames: number,
  from: { steady: Steady; trigger: Trigger } = { steady: NOTHING_SEEN, trigger: ARMED },
): { steady: Steady; trigger: Trigger; isFrozen: boolean } {
  let { steady, trigger } = from;
  for (let frame = 0; frame < frames; frame++) {
    const keys = kinds.map((kind, i) => keyAt([200 + 400 * i, 300], [400 + 400 * i, 320], verdict(kind)));
    steady = updateSteady(steady, keys, (steady.time ?? 0) + FRAME);
    trigger = updateTrigger(trigger, steady);
    if (isTriggered(trigger, steady)) return { steady, trigger: afterPhoto(steady), isFrozen: true };
  }
  return { steady, trigger, isFrozen: false };
}

describe('the picture', () => {
  it('freezes on a sure answer that has lasted, but not at once', () => {
    expect(watch(['dimple'], 3).isFrozen).toBe(false);
    expect(watch(['dimple'], 20).isFrozen).toBe(true);
  });

  it('does not freeze again on the same key', () => {
    expect(watch(['dimple'], 100, watch(['dimple'], 20)).isFrozen).toBe(false);
  });

  it('freezes again when the key has gone and another one of the same kind has come', () => {
    const gone = watch([], 15, watch(['dimple'], 20));
    expect(watch(['dimple'], 20, gone).isFrozen).toBe(true);
  });

  it('does not take a key for another one because a few frames overlook it', () => {
    const overlooked = watch([], 4, watch(['dimple'], 20));
    expect(watch(['dimple'], 60, overlooked).isFrozen).toBe(false);
  });

  it('freezes for a key that joins those of the last photo', () => {
    expect(watch(['dimple', 'dimple'], 20, watch(['dimple'], 20)).isFrozen).toBe(true);
  });

  it('does not freeze because one of several keys has left', () => {
    expect(watch(['dimple'], 60, watch(['dimple', 'mortice'], 20)).isFrozen).toBe(false);
  });
});
