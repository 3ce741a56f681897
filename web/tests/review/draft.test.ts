/** Tests of marking keys: two taps, drags, and the commands for the selected key. */

import { describe, expect, it } from 'vitest';
import {
  adding,
  deleted,
  draftOf,
  dragged,
  escaped,
  nextSelected,
  swapped,
  tapped,
  withKind,
} from '../../src/review/state/draft';
import { photo } from './desk-parts';

const REACH = 10; // px
const FOUND = photo('a', {
  detections: [
    { head: [100, 100], tip: [200, 100], width: 30, score: 0.9 },
    { head: [100, 200], tip: [200, 200], width: 30, score: 0.8 },
  ],
});
const NOTHING = photo('b');

describe('marking', () => {
  it('starts with what a person has marked, else with what was detected', () => {
    expect(draftOf(FOUND).keys).toHaveLength(2);
    expect(draftOf({ ...FOUND, ends: [] }).keys).toEqual([]);
    expect(draftOf({ ...FOUND, detections: null }).keys).toEqual([]);
    expect(draftOf(FOUND).isEdited).toBe(false);
  });

  it('takes two taps: the head, then the tip', () => {
    const started = tapped(draftOf(NOTHING), [10, 20], REACH);
    expect(started.keys).toEqual([]);
    const done = tapped(started, [110, 20], REACH);
    expect(done.keys).toEqual([{ head: [10, 20], tip: [110, 20], kind: null }]);
    expect(done).toMatchObject({ selected: 0, start: null, isEdited: true });
  });

  it('ignores a second tap on the same place', () => {
    const started = tapped(draftOf(NOTHING), [10, 20], REACH);
    expect(tapped(started, [13, 22], REACH)).toBe(started);
  });

  it('selects a key that is tapped, along its whole length', () => {
    expect(tapped(draftOf(FOUND), [150, 205], REACH).selected).toBe(1);
    expect(tapped(draftOf(FOUND), [150, 150], REACH)).toMatchObject({ selected: null, start: [150, 150] });
  });

  it('adds a key on top of another if asked to', () => {
    const on = tapped(adding(draftOf(FOUND)), [150, 100], REACH);
    expect(on.start).toEqual([150, 100]);
    expect(tapped(on, [150, 200], REACH).keys).toHaveLength(3);
  });
});

describe('the selected key', () => {
  it('has its ends moved, one by one', () => {
    const { keys } = dragged(draftOf(FOUND), 1, 'tip', [300, 250]);
    expect(keys[1]).toEqual({ head: [100, 200], tip: [300, 250], kind: null });
    expect(keys[0]).toEqual(draftOf(FOUND).keys[0]);
  });

  it('is the one that is deleted, labelled and swapped', () => {
    const second = nextSelected(nextSelected(draftOf(FOUND)));
    expect(deleted(second).keys).toEqual([draftOf(FOUND).keys[0]]);
    expect(withKind(second, 'dimple')?.keys.map(({ kind }) => kind)).toEqual([null, 'dimple']);
    expect(swapped(second).keys[1]).toMatchObject({ head: [200, 200], tip: [100, 200] });
  });

  it('is the only one, if there is one; among several it has to be selected', () => {
    const one = deleted(nextSelected(draftOf(FOUND)));
    expect(deleted(one).keys).toEqual([]);
    expect(withKind(draftOf(FOUND), 'dimple')).toBeNull();
    expect(deleted(draftOf(FOUND)).keys).toHaveLength(2);
  });

  it('loses a class that is given twice', () => {
    const one = withKind(nextSelected(draftOf(FOUND)), 'dimple');
    expect(one && withKind(one, 'dimple')?.keys[0]?.kind).toBeNull();
  });
});

describe('Escape', () => {
  it('leaves marking step by step', () => {
    const started = tapped(adding(draftOf(FOUND)), [10, 20], REACH);
    const once = escaped(started);
    expect(once).toMatchObject({ start: null, isAdding: true });
    const twice = once && escaped(once);
    expect(twice).toMatchObject({ isAdding: false });
    expect(twice && escaped(twice)).toBeNull();
  });
});
