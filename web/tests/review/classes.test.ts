/** Tests of the list of kinds: whose probabilities it shows, or why there are none. */

import { expect, it } from 'vitest';
import { barsText } from '../../src/review/views/classes';
import { photo } from './desk-parts';

const KEY = { head: [1, 2], tip: [90, 90], width: 20, score: 0.9 } as const;

it('says whose probabilities the bars are, or why there are none', () => {
  const prediction = { kind: 'dimple', probabilities: { dimple: 1 } };
  expect(barsText(photo('a', { prediction, detections: [KEY] }), 'x')).toBe('Bars: probability by x');
  expect(barsText(photo('a', { prediction: null, detections: null }), 'x')).toBe(
    'No model has seen this photo.',
  );
  expect(barsText(photo('a', { prediction: null, detections: [] }), 'x')).toBe(
    'The model found no key here.',
  );
  expect(barsText(photo('a', { prediction: null, detections: [KEY] }), 'x')).toBe(
    'The model knows other kinds.',
  );
});
