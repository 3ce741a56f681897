/** Tests of the keyboard: which key does what, on which keyboard. */

import { describe, expect, it } from 'vitest';
import type { Kind } from '../../src/review/api';
import { commandOf, RESERVED } from '../../src/review/state/shortcuts';

const KINDS: readonly Kind[] = [
  { name: 'cylinder', shortcut: '1', photos: 3 },
  { name: 'dimple', shortcut: 'a', photos: 3 },
  { name: 'mortice', shortcut: null, photos: 3 },
];

function press(key: string, with_: Partial<KeyboardEvent> = {}): Parameters<typeof commandOf>[0] {
  return {
    key,
    code: '',
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    repeat: false,
    ...with_,
  };
}

describe('a key', () => {
  it('of a class labels, with digits and letters', () => {
    expect(commandOf(press('1'), 'single', KINDS)).toEqual({ do: 'label', kind: 'cylinder' });
    expect(commandOf(press('A'), 'single', KINDS)).toEqual({ do: 'label', kind: 'dimple' });
    expect(commandOf(press('2'), 'single', KINDS)).toBeNull();
  });

  it('labels no group of photos: it would label all of them', () => {
    expect(commandOf(press('1'), 'group', KINDS)).toBeNull();
  });

  it('is found where it is on a US keyboard if the layout has no Latin letter or digit there', () => {
    expect(commandOf(press('ч', { code: 'KeyX' }), 'single', KINDS)).toEqual({ do: 'exclude' });
    expect(commandOf(press('&', { code: 'Digit1' }), 'single', KINDS)).toEqual({
      do: 'label',
      kind: 'cylinder',
    });
  });

  it('means what is written on it where the layout has Latin letters elsewhere', () => {
    expect(commandOf(press('z', { code: 'KeyY' }), 'single', KINDS)).toEqual({ do: 'zoom' });
  });

  it('depends on what is shown', () => {
    expect(commandOf(press('d'), 'group', KINDS)).toEqual({ do: 'different' });
    expect(commandOf(press('d'), 'single', KINDS)).toBeNull();
    expect(commandOf(press('m'), 'single', KINDS)).toEqual({ do: 'mark' });
    expect(commandOf(press('m'), 'keys', KINDS)).toEqual({ do: 'add-key' });
    expect(commandOf(press('+', { shiftKey: true }), 'single', KINDS)).toEqual({ do: 'new-kind' });
    expect(commandOf(press('+', { shiftKey: true }), 'group', KINDS)).toBeNull();
  });

  it('that is held down moves on, but decides once', () => {
    expect(commandOf(press('ArrowRight', { repeat: true }), 'single', KINDS)).toEqual({ do: 'next' });
    expect(commandOf(press('Enter', { repeat: true }), 'single', KINDS)).toBeNull();
    expect(commandOf(press('1', { repeat: true }), 'single', KINDS)).toBeNull();
  });

  it('with a modifier is left to the browser, but for undo', () => {
    expect(commandOf(press('1', { ctrlKey: true }), 'single', KINDS)).toBeNull();
    expect(commandOf(press('z', { metaKey: true }), 'single', KINDS)).toEqual({ do: 'undo' });
    expect(commandOf(press('z', { ctrlKey: true }), 'keys', KINDS)).toEqual({ do: 'undo' });
    expect(commandOf(press('Z', { ctrlKey: true, shiftKey: true }), 'single', KINDS)).toBeNull();
  });

  it('of the page is reserved in every way of showing', () => {
    for (const key of ['c', 'd', 'm', 'n', 's', 'u', 'x', 'z', '0']) expect(RESERVED).toContain(key);
  });
});
