/**
 * Which key does what.
 *
 * In:    key presses; the kinds and their keys; what is shown
 * Out:   Command; null: the key does nothing here
 * Needs: api.ts
 *
 * The server gives the kinds keys that are not among those here (RESERVED).
 */

import type { Kind } from '../api';
import type { Mode } from './primary';

export type Command = { readonly do: 'label'; readonly kind: string } | { readonly do: PlainCommand };

export type PlainCommand =
  | 'add-key'
  | 'confirm'
  | 'delete-key'
  | 'different'
  | 'escape'
  | 'exclude'
  | 'find'
  | 'first'
  | 'full'
  | 'help'
  | 'last'
  | 'mark'
  | 'name-key'
  | 'new-kind'
  | 'next'
  | 'next-key'
  | 'next-queue'
  | 'no-key'
  | 'previous'
  | 'previous-queue'
  | 'primary'
  | 'same'
  | 'swap'
  | 'to-test'
  | 'undo'
  | 'unsure'
  | 'zoom';

const ANYWHERE: Readonly<Record<string, PlainCommand>> = {
  Enter: 'primary',
  ' ': 'primary',
  ArrowRight: 'next',
  ArrowLeft: 'previous',
  ArrowDown: 'next-queue',
  ArrowUp: 'previous-queue',
  Home: 'first',
  End: 'last',
  Escape: 'escape',
  '?': 'help',
  '/': 'find',
  '0': 'unsure',
  f: 'full',
  u: 'undo',
  x: 'exclude',
  z: 'zoom',
};
const BY_MODE: Readonly<Record<Mode, Readonly<Record<string, PlainCommand>>>> = {
  single: { '+': 'new-kind', c: 'confirm', k: 'name-key', m: 'mark', n: 'no-key' },
  group: { s: 'same', d: 'different', t: 'to-test' },
  keys: {
    '+': 'new-kind',
    m: 'add-key',
    n: 'no-key',
    k: 'next-key',
    r: 'swap',
    Delete: 'delete-key',
    Backspace: 'delete-key',
  },
};

/** The letters and digits that kinds cannot have. */
export const RESERVED = [...Object.keys(ANYWHERE), ...Object.values(BY_MODE).flatMap(Object.keys)].filter(
  (key) => /^[a-z0-9]$/.test(key),
);

type KeyPress = Pick<
  KeyboardEvent,
  'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'repeat'
>;

/** Return what a key press does. */
export function commandOf(press: KeyPress, mode: Mode, kinds: readonly Kind[]): Command | null {
  const isUndo =
    (press.ctrlKey || press.metaKey) && !press.shiftKey && !press.altKey && letterOf(press) === 'z';
  if (isUndo) return { do: 'undo' };
  if (press.ctrlKey || press.metaKey || press.altKey) return null;
  const command = plainOf(press, mode, kinds);
  return command && press.repeat && !mayRepeat(command) ? null : command;
}

function plainOf(press: KeyPress, mode: Mode, kinds: readonly Kind[]): Command | null {
  for (const key of [press.key.length === 1 ? press.key.toLowerCase() : press.key, letterOf(press)]) {
    const kind =
      mode === 'group'
        ? undefined
        : kinds.find(({ shortcut }) => shortcut !== null && shortcut.toLowerCase() === key);
    if (kind) return { do: 'label', kind: kind.name };
    const plain = BY_MODE[mode][key] ?? ANYWHERE[key];
    if (plain) return { do: plain };
  }
  return null;
}

/** A key that is held down moves, but decides nothing more. */
function mayRepeat(command: Command): boolean {
  return command.do === 'next' || command.do === 'previous';
}

/** Return what a key has on a US keyboard, for layouts in which it gives no Latin letter and no digit. */
function letterOf({ key, code }: KeyPress): string {
  if (/^[a-z0-9]$/i.test(key)) return key.toLowerCase();
  return /^(?:Key|Digit)(.)$/.exec(code)?.[1]?.toLowerCase() ?? '';
}
