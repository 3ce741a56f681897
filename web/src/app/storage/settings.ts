/**
 * The user's choices, remembered on this device; without storage, they last until the page is closed.
 *
 * In:    the name of a setting
 * Out:   a signal of its value
 * Needs: @preact/signals
 */

import { effect, type Signal, signal } from '@preact/signals';

const PREFIX = 'keykind-';

/** Whether photos and answers are kept in the history. */
export const keepsHistory = setting('history', true);

/** Return a signal that starts with the remembered value, and remembers each change. */
export function setting<T>(name: string, initial: T): Signal<T> {
  const value = signal<T>(read(name, initial));
  effect(() => write(name, value.value));
  globalThis.addEventListener?.('storage', ({ key }: StorageEvent) => {
    if (key === PREFIX + name) value.value = read(name, initial); // another tab has changed it
  });
  return value;
}

function read<T>(name: string, initial: T): T {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null') ?? initial;
  } catch {
    return initial;
  }
}

function write(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Storage may be disabled.
  }
}
