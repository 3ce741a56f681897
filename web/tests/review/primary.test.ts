/** Tests of what Enter decides, and of the changes that decisions make. */

import { describe, expect, it } from 'vitest';
import { agrees, changed, differentKeys, label, leastNeeded, sameKey } from '../../src/review/state/changes';
import { draftOf } from '../../src/review/state/draft';
import { primaryOf } from '../../src/review/state/primary';
import { item, photo } from './desk-parts';

const A = photo('a');

describe('Enter', () => {
  it('keeps the label of a photo, in words', () => {
    const primary = primaryOf('not-sure', 'single', item('a'), [A], null);
    expect(primary?.name).toBe('Keep dimple');
    expect(primary?.changes).toEqual([{ photo: 'a', version: '', kind: 'dimple' }]);
  });

  it('takes the suggestion if there is one', () => {
    const suggested = { ...item('a'), suggestion: { kind: 'mortice' } };
    expect(primaryOf('label-errors', 'single', suggested, [A], null)?.changes[0]?.kind).toBe('mortice');
    const blurred = { ...item('a'), suggestion: { excluded: 'blurred' } };
    expect(primaryOf('quality', 'single', blurred, [A], null)?.changes[0]?.excluded).toBe('blurred');
  });

  it('decides nothing where there is no label and no suggestion', () => {
    const unlabelled = photo('a', { kind: null, folder_kind: null });
    expect(primaryOf('unlabelled', 'single', item('a'), [unlabelled], null)).toBeNull();
  });

  it('keeps a photo out that is out, instead of taking it back in', () => {
    const out = photo('a', { excluded: 'unsure' });
    expect(primaryOf('all', 'single', item('a'), [out], null)?.changes[0]).not.toHaveProperty('kind');
  });

  it('accepts detections; without any, it does not mark the photo as one without keys', () => {
    const found = photo('a', { detections: [{ head: [1, 2], tip: [9, 9], width: 3, score: 1 }] });
    const primary = primaryOf('keys', 'keys', item('a'), [found], draftOf(found));
    expect(primary?.changes[0]?.ends).toEqual([{ head: [1, 2], tip: [9, 9], kind: null }]);
    expect(primaryOf('keys', 'keys', item('a'), [A], draftOf(A))).toBeNull();
  });
});

describe('Enter, for photos that show the same', () => {
  it('leaves out the photo of a leak that trains', () => {
    const photos = [photo('a', { split: 'train' }), photo('b', { split: 'test' })];
    const primary = primaryOf('duplicates', 'group', item('a', 'b'), photos, null);
    expect(primary?.changes).toEqual([{ photo: 'a', version: '', excluded: 'duplicate' }]);
  });

  it('says why it suggests one of two photos', () => {
    const leak = [photo('a', { split: 'train' }), photo('b', { split: 'test' })];
    expect(primaryOf('duplicates', 'group', item('a', 'b'), leak, null)?.why).toContain(
      '1 is suggested: it is in train',
    );
    const same = [A, photo('b')];
    expect(primaryOf('duplicates', 'group', item('a', 'b'), same, null)?.why).toContain('the later one');
  });

  it('decides nothing about photos that show the same and are labelled differently', () => {
    const photos = [A, photo('b', { kind: 'mortice' })];
    for (const queue of ['duplicates', 'same-key'])
      expect(primaryOf(queue, 'group', item('a', 'b'), photos, null)).toBeNull();
    const unlabelled = [A, photo('b', { kind: null, folder_kind: null })];
    expect(primaryOf('same-key', 'group', item('a', 'b'), unlabelled, null)?.name).toBe('Same key');
  });
});

describe('photos of one key', () => {
  it('get one name: the one that is there, else that of a photo', () => {
    const names = (photos: readonly { key?: string | null }[]): unknown[] => photos.map(({ key }) => key);
    expect(names(sameKey([A, photo('b', { key: 'k7' })]))).toEqual(['k7', 'k7']);
    expect(names(sameKey([A, photo('b')]))).toEqual(['dimple/a', 'dimple/a']);
    expect(names(sameKey([A, photo('b')], 'given'))).toEqual(['given', 'given']);
  });

  it('of different keys get different names', () => {
    const keys = differentKeys([photo('a', { key: 'k' }), photo('b', { key: 'k' }), photo('c')]);
    expect(new Set(keys.map(({ key }) => key)).size).toBe(3);
    expect(keys[0]?.key).toBe('k');
  });

  it('are left out from the end, unless another is suggested', () => {
    expect(leastNeeded([A, photo('b')], null)?.id).toBe('b');
    expect(leastNeeded([A, photo('7')], 7)?.id).toBe('7');
  });
});

describe('a change', () => {
  it('sets the cells that it has, and no others', () => {
    const before = photo('a', { key: 'k', excluded: 'unsure' });
    const after = changed(before, label(before, 'mortice'), 'ann', 'now');
    expect(after).toMatchObject({ kind: 'mortice', key: 'k', excluded: null, row: { who: 'ann' } });
  });

  it('without a class leaves the one of the folder', () => {
    const after = changed(photo('a', { kind: 'mortice' }), { photo: 'a', version: '', kind: null }, '', '');
    expect(after.kind).toBe('dimple');
  });

  it('agrees with a photo that somebody has decided in the same way', () => {
    const wanted = { photo: 'a', version: '', kind: 'mortice' };
    expect(agrees(changed(A, wanted, 'bob', 'now'), wanted)).toBe(true);
    expect(agrees(A, wanted)).toBe(false);
    expect(agrees(A, { photo: 'a', version: '', kind: 'dimple' })).toBe(false); // nobody has confirmed it
  });
});
