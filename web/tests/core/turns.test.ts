import { expect, test } from 'vitest';
import { settledOutputs } from '../../src/core/turns';
import { keyAt, verdict } from './keys';

const OUTPUTS = { probabilities: new Float32Array([1]), maps: null, oodScore: 0.2, features: null };

/** A key that has had the same answer for some frames. */
function track(frames: number) {
  const evidence = { score: 0.9 } as never;
  return {
    ...keyAt([0, 0], [100, 0]),
    outputs: OUTPUTS,
    evidence,
    verdict: verdict('cylinder'),
    causes: [],
    frames,
    missed: 0,
  };
}

test('a key with a new answer is classified in each frame', () => {
  for (const frame of [0, 1, 2, 3])
    expect(settledOutputs(keyAt([1, 0], [101, 0]), [track(2)], frame)).toBeNull();
});

test('a key with a settled answer is classified in one of three frames', () => {
  const found = [0, 1, 2, 3].map((frame) => settledOutputs(keyAt([1, 0], [101, 0]), [track(3)], frame));
  expect(found).toEqual([null, OUTPUTS, OUTPUTS, null]);
});

test('a key that has just come into the frame is classified', () => {
  expect(settledOutputs(keyAt([400, 300], [500, 300]), [track(9)], 1)).toBeNull();
});
