import { describe, expect, test } from 'vitest';
import { summaryOf } from '../../../src/app/storage/summary';
import { entryOf, keyOf, photoOf, verdict } from '../entries';

describe('summaryOf', () => {
  test('lists what is no key last', () => {
    const keys = [keyOf(verdict('dimple', 0.9, false)), keyOf(verdict('mortice')), keyOf(verdict(null))];
    const summary = summaryOf(entryOf([photoOf(keys)]));
    expect(summary.keys.map(({ isKey, kind }) => [isKey, kind])).toEqual([
      [true, 'mortice'],
      [true, null],
      [false, null],
    ]);
  });

  test('takes the user’s correction for the answer', () => {
    const keys = [
      keyOf(verdict('dimple'), { correction: 'mortice' }),
      keyOf(verdict('dimple'), { correction: '' }),
      keyOf(verdict('dimple', 0.9, false), { correction: 'cylinder' }),
    ];
    const summary = summaryOf(entryOf([photoOf(keys)]));
    expect(summary.keys.map(({ kind, isKey }) => [kind, isKey])).toEqual([
      ['mortice', true],
      ['cylinder', true],
      [null, false],
    ]);
    expect(summary.keys.every(({ isCorrected }) => isCorrected)).toBe(true);
  });

  test('takes several photos of one key for one key', () => {
    const photos = [photoOf([keyOf(verdict(null))]), photoOf([keyOf(verdict('dimple'), { myKey: 'bike' })])];
    const summary = summaryOf(entryOf(photos, { combined: verdict('dimple', 0.97) }));
    expect(summary.photoCount).toBe(2);
    expect(summary.keys).toEqual([
      { kind: 'dimple', isKey: true, isCorrected: false, probability: 0.97, myKey: 'bike' },
    ]);
  });

  test('counts the bytes of photos and thumbnails', () => {
    expect(summaryOf(entryOf([photoOf([]), photoOf([])])).bytes).toBe(2 * (7 + 5));
  });
});
