/** Tests of Blobs that are stored as bytes. */

import { expect, test } from 'vitest';
import { withBlobs, withoutBlobs } from '../../src/app/storage/blobs';

const ENTRY = {
  id: 5,
  photos: [
    { photo: new Blob(['pixels'], { type: 'image/jpeg' }), keys: [{ features: Float32Array.of(1, 2) }] },
  ],
  combined: null,
};

test('Blobs anywhere in a value survive as bytes', async () => {
  const stored = (await withoutBlobs(ENTRY)) as typeof ENTRY;
  expect(stored.photos[0]?.photo).not.toBeInstanceOf(Blob);
  const { photos, ...others } = withBlobs(stored);
  expect(await photos[0]?.photo.text()).toBe('pixels');
  expect(photos[0]?.photo.type).toBe('image/jpeg');
  expect(photos[0]?.keys).toEqual(ENTRY.photos[0]?.keys);
  expect(others).toEqual({ id: 5, combined: null });
});

test('a value with Blobs is given back as it is', () => {
  expect(withBlobs(ENTRY)).toEqual(ENTRY);
  expect(withBlobs(ENTRY).photos[0]?.photo).toBe(ENTRY.photos[0]?.photo);
});
