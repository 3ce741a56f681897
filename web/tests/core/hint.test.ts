/** The one hint for a frame, and how long it is shown. */

import { describe, expect, it } from 'vitest';
import type { Cause, Measurements } from '../../src/core/causes';
import { CAUSES } from '../../src/core/causes';
import { REASONS } from '../../src/core/decision';
import type { Point } from '../../src/core/geometry';
import {
  type Hint,
  type HintFrame,
  type HintKey,
  hintFor,
  NO_HINT,
  type ShownHint,
  updateHint,
} from '../../src/core/hint';
import { keyAt, verdict } from './keys';

const GOOD: Measurements = {
  hidden: 0,
  small: 300,
  dark: 0.5,
  glare: 0,
  blurred: 0.1,
  edge: 0.33,
  slanted: 0.33,
};
const UNSURE = verdict(null, 0.4);

function key(answer = UNSURE, causes: readonly Cause[] = [], y = 200, length = 200): HintKey {
  const [head, tip]: [Point, Point] = [
    [200, y],
    [200 + length, y],
  ];
  return { ...keyAt(head, tip, answer), causes, measurements: GOOD };
}

function frame(keys: readonly HintKey[], brightness = 0.5, sharpness = 0.1): HintFrame {
  return { width: 1280, height: 720, brightness, sharpness, keys };
}

describe('hintFor', () => {
  it('has nothing to say when every key is sure, whatever else is wrong', () => {
    const sure = { ...key(verdict('dimple')), measurements: { ...GOOD, dark: 0.05 } };
    expect(hintFor(frame([sure, { ...sure }], 0.05))).toBeNull();
  });

  it('judges the whole frame if it shows no key', () => {
    expect(hintFor(frame([], 0.1, 0.001))).toBe('dark');
    expect(hintFor(frame([], 0.5, 0.001))).toBe('still');
    expect(hintFor(frame([]))).toBe('closer');
    expect(hintFor(frame([key(verdict(null, 0.1, false), ['glare'])]))).toBe('closer');
  });

  it('does not send the user closer where the whole frame is classified', () => {
    const whole = { ...key(verdict(null, 0.1, false)), head: null };
    expect(hintFor(frame([whole]))).toBeNull();
    expect(hintFor(frame([whole], 0.1))).toBe('dark');
  });

  it.each([
    ['hidden', 'whole'],
    ['small', 'closer'],
    ['dark', 'dark'],
    ['glare', 'glare'],
    ['blurred', 'still'],
    ['edge', 'turn'],
    ['slanted', 'turn'],
  ] as const)('turns the cause %s into %s', (cause, hint) => {
    expect(hintFor(frame([key(UNSURE, [cause])]))).toBe(hint);
  });

  it.each([
    ['blade_hidden', 'turn'],
    ['cut_off', 'whole'],
    ['too_small', 'closer'],
    ['blurred', 'still'],
    ['unknown_kind', 'otherSide'],
  ] as const)('turns the reason %s into %s', (reason, hint) => {
    expect(hintFor(frame([key(verdict(null, 0.4, true, reason))]))).toBe(hint);
  });

  it('covers every reason and cause', () => {
    for (const reason of REASONS)
      expect(hintFor(frame([key(verdict(null, 0.4, true, reason))]))).not.toBeNull();
    for (const cause of CAUSES) expect(hintFor(frame([key(UNSURE, [cause])]))).not.toBe('otherSide');
  });
});

describe('hintFor, with several faults', () => {
  it('names what makes the other measurements unreliable', () => {
    expect(hintFor(frame([key(UNSURE, ['small', 'blurred'])]))).toBe('closer');
    expect(hintFor(frame([key(UNSURE, ['glare', 'blurred'])]))).toBe('glare');
    expect(hintFor(frame([key(UNSURE, ['hidden', 'small', 'edge'])]))).toBe('whole');
    expect(hintFor(frame([key(UNSURE, ['small', 'blurred'])], 0.1))).toBe('dark');
  });

  it('asks to take keys apart that are on each other', () => {
    const covered = verdict(null, 0.4, true, 'blade_hidden');
    expect(hintFor(frame([key(covered, ['hidden']), key(verdict('dimple'), [], 230)]))).toBe('apart');
  });

  it('does not mind keys that lie side by side, or something on the key that is none', () => {
    expect(hintFor(frame([key(UNSURE, ['small']), key(verdict('dimple'), [], 262)]))).toBe('closer');
    expect(hintFor(frame([key(UNSURE, ['small']), key(verdict(null, 0, false), [], 210)]))).toBe('closer');
  });

  it('asks for the whole key if the frame cuts it off', () => {
    expect(hintFor(frame([key(UNSURE, ['small'], 10)]))).toBe('whole');
  });

  it('is about the largest key that is unsure', () => {
    const small = key(UNSURE, ['glare'], 500, 100);
    expect(hintFor(frame([small, key(UNSURE, ['blurred'])]))).toBe('still');
    expect(hintFor(frame([small, key(verdict('dimple'))]))).toBe('glare');
  });

  it('says nothing about overlap or edges where the whole frame was classified', () => {
    const whole = { ...key(UNSURE, ['blurred']), head: null };
    expect(hintFor(frame([whole, { ...whole }]))).toBe('still');
  });
});

/** Return what is shown at each time: a list of [milliseconds, hint of the frame]. */
function shown(frames: readonly (readonly [number, Hint | null])[]): (Hint | null)[] {
  let state: ShownHint = NO_HINT;
  return frames.map(([time, hint]) => {
    state = updateHint(state, hint, time);
    return state.hint;
  });
}

describe('updateHint', () => {
  it('shows a hint that holds for half a second', () => {
    expect(
      shown([
        [1000, 'closer'],
        [1400, 'closer'],
        [1500, 'closer'],
      ]),
    ).toEqual([null, null, 'closer']);
  });

  it('shows none of two hints that alternate', () => {
    const frames = Array.from({ length: 40 }, (_, i) => [100 * i, i % 2 ? 'closer' : 'still'] as const);
    expect(new Set(shown(frames))).toEqual(new Set([null]));
  });

  it('keeps a hint until it can be read', () => {
    const frames: [number, Hint | null][] = [];
    for (let time = 0; time <= 3000; time += 100) frames.push([time, time < 600 ? 'closer' : 'glare']);
    const times = frames.map(([time]) => time);
    expect(times[shown(frames).indexOf('glare')]).toBe(2000);
  });

  it('waits longer before the last resort', () => {
    const frames = Array.from({ length: 20 }, (_, i) => [100 * i, 'otherSide'] as const);
    expect(shown(frames).indexOf('otherSide')).toBe(12);
  });

  it('removes a hint soon after it has been followed, but not for a single frame', () => {
    const start = [
      [0, 'closer'],
      [500, 'closer'],
    ] as const;
    expect(shown([...start, [600, null], [700, 'closer']])).toEqual([null, 'closer', 'closer', 'closer']);
    expect(shown([...start, [600, null], [900, null]])).toEqual([null, 'closer', 'closer', null]);
  });
});

describe('updateHint, where no key is found,', () => {
  it('waits longer: a key may be on its way', () => {
    const firstShown = (hint: Hint): number => {
      let state: ShownHint = NO_HINT;
      for (let time = 0; ; time += 100) {
        state = updateHint(state, hint, time, true);
        if (state.hint) return time;
      }
    };
    expect([firstShown('dark'), firstShown('still'), firstShown('closer')]).toEqual([500, 1500, 3000]);
  });

  it('does not flicker if a key is found in every other frame', () => {
    let state: ShownHint = NO_HINT;
    for (let time = 0; time < 10_000; time += 100) {
      const isOfEmpty = time % 200 === 0;
      state = updateHint(state, isOfEmpty ? 'closer' : null, time, isOfEmpty);
      expect(state.hint).toBeNull();
    }
  });
});
