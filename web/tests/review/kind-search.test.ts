/** Tests of kinds by what is typed. */

import { describe, expect, it } from 'vitest';
import type { Kind } from '../../src/review/api';
import { matching, meant } from '../../src/review/state/kind-search';

const KINDS: readonly Kind[] = ['cylinder', 'laser_track', 'track'].map((name) => ({
  name,
  shortcut: null,
  photos: 1,
}));

describe('what is typed', () => {
  it('finds kinds by a part of their name, those that start with it first', () => {
    expect(matching(KINDS, 'TRACK').map(({ name }) => name)).toEqual(['track', 'laser_track']);
    expect(matching(KINDS, ' ')).toEqual(KINDS);
  });

  it('means a kind that there is, however it is written', () => {
    expect(meant(KINDS, ' Laser track ')).toBe('laser_track');
  });

  it('is a new kind, as typed, if no kind has its whole name', () => {
    expect(meant(KINDS, ' Cyl ')).toBe('Cyl');
    expect(meant(KINDS, '  ')).toBeNull();
  });
});
