/** Tests of the file that the user's keys are exported to. */

import { describe, expect, test } from 'vitest';
import { fileOf, keysIn } from '../../src/app/my-keys/file';
import type { MyKey } from '../../src/app/storage/my-keys';

const BIKE: MyKey = {
  id: 1,
  name: 'bike',
  kind: 'dimple',
  network: 'a'.repeat(64),
  photos: [{ photo: new Blob(['secret pixels']), features: Float32Array.of(0.6, 0.8, 0) }],
};

describe('an exported file', () => {
  test('has names and features, and no photos', async () => {
    const [key] = keysIn(fileOf([BIKE]), 5);
    expect(key).toMatchObject({ id: 5, name: 'bike', kind: 'dimple', network: BIKE.network });
    expect(key?.photos).toHaveLength(1);
    expect(key?.photos[0]?.photo).toBeNull();
    for (const [i, value] of (key?.photos[0]?.features ?? []).entries()) {
      expect(value).toBeCloseTo(BIKE.photos[0]?.features[i] ?? 0, 3);
    }
    expect(fileOf([BIKE])).not.toContain('secret');
  });

  test('gives each key an id of its own', () => {
    expect(keysIn(fileOf([BIKE, { ...BIKE, name: 'office' }]), 5).map(({ id }) => id)).toEqual([5, 6]);
  });
});

describe('another file is refused', () => {
  const changed = (change: (entry: Record<string, unknown>) => unknown): string => {
    const file = JSON.parse(fileOf([BIKE])) as { keys: Record<string, unknown>[] };
    return JSON.stringify({ ...file, keys: file.keys.map(change) });
  };

  test.each([
    ['no JSON', 'PK\u0003\u0004', /JSON/],
    ['another JSON', '{"keys": []}', /format/],
    ['a list', '[]', /format/],
    ['a key without a name', changed((entry) => ({ ...entry, name: ' ' })), /name/],
    ['a key that is none', changed(() => null), /name/],
    ['no prototype', changed(({ name }) => ({ name })), /prototype/],
    [
      'texts for features',
      changed((e) => ({ ...e, prototype: { ...(e['prototype'] as object), vectors: [['x']] } })),
      /number/,
    ],
  ])('%s', (_, text, message) => {
    expect(() => keysIn(text, 1)).toThrow(message);
  });
});
