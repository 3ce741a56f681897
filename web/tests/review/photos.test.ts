/** Tests of state/photos.ts: which photos are fetched again. */

import { describe, expect, it } from 'vitest';
import { Photos } from '../../src/review/state/photos';
import { photo } from './desk-parts';

describe('photos', () => {
  it('are fetched again if no model had seen them, and all when the run is another one', async () => {
    const asked: (readonly string[])[] = [];
    const photos = new Photos(async (ids) => {
      asked.push(ids);
      return ids.map((id) => photo(id));
    });
    photos.expire('run');
    photos.put([photo('1'), photo('2', { prediction: null })]);
    for (const run of ['run', 'run', 'run-2', 'run-2']) {
      photos.expire(run);
      await photos.ensure(['1', '2']);
    }
    expect(asked).toEqual([['2'], ['1', '2']]);
  });
});
