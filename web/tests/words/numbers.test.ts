import { expect, test } from 'vitest';
import { formatPercent, formatProbability } from '../../src/words';

test('the probability of an answer is never 100%', () => {
  expect([0.5, 0.99, 0.994, 1].map(formatProbability)).toEqual(['50%', '99%', '>99%', '>99%']);
});

test('other shares may be 100%', () => {
  expect(formatPercent(1)).toBe('100%');
});
