/** Tests of the routes in the page's address. */

import { describe, expect, test, vi } from 'vitest';

vi.stubGlobal('location', { hash: '' });
vi.stubGlobal('addEventListener', () => undefined);
const { hashOf, parseRoute } = await import('../../src/app/router');

const ROUTES = [
  { view: 'scan' },
  { view: 'answer', id: 1795998312729 },
  { view: 'history' },
  { view: 'import', group: 7 },
  { view: 'corrections' },
  { view: 'kinds' },
  { view: 'kind', kind: 'laser_track' },
  { view: 'kind', kind: 'red cup / 50%' },
  { view: 'my-keys' },
  { view: 'my-key', id: 3 },
  { view: 'my-key', id: null },
  { view: 'about' },
  { view: 'unknown' },
] as const;

describe('a route', () => {
  test.each(ROUTES)('survives its address: $view', (route) => {
    expect(parseRoute(hashOf(route))).toEqual(route);
  });

  test.each(['', '#', '#/', '#scan'])('of %j is the camera', (hash) => {
    expect(parseRoute(hash)).toEqual({ view: 'scan' });
  });

  test.each([
    '#/nowhere/5',
    '#/%E0%A4%A',
    '#/answer',
    '#/answer/x',
    '#/answer/-1',
    '#/import/1e3',
    '#/my-keys/x',
  ])('of %j is none of the views', (hash) => {
    expect(parseRoute(hash)).toEqual({ view: 'unknown' });
  });

  test('of earlier versions still opens', () => {
    expect(parseRoute('#about')).toEqual({ view: 'about' });
    expect(parseRoute('#collection')).toEqual({ view: 'corrections' });
  });
});
