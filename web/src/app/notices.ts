/**
 * What the app says beside the views: one notice at a time, and announcements for screen readers.
 *
 * In:    messages
 * Out:   signals that the shell shows
 * Needs: @preact/signals
 */

import { signal } from '@preact/signals';

/** A message that is shown until it is closed or replaced. */
export interface Notice {
  readonly message: string;
  readonly type: 'error' | 'ready' | 'update' | 'undo';
  readonly action?: { readonly label: string; run(): void };
}

export const notice = signal<Notice | null>(null);
export const announcement = signal('');

const TIMES = { undo: 10_000, ready: 6000 } as const; // ms for which notices are shown that nobody need close
const REPEAT = 50; // ms in which screen readers notice that the text was gone
let timer: ReturnType<typeof setTimeout> | undefined;

/** Show a notice in place of the one before. */
export function notify(message: string, type: Notice['type'], action?: Notice['action']): void {
  clearTimeout(timer);
  notice.value = action ? { message, type, action } : { message, type };
  if (type === 'undo' || type === 'ready') timer = setTimeout(clearNotice, TIMES[type]);
}

/** Remove the notice. */
export function clearNotice(): void {
  clearTimeout(timer);
  notice.value = null;
}

/** Announce a message to screen readers, also one that is the same as the last. */
export function announce(message: string): void {
  announcement.value = '';
  setTimeout(() => {
    announcement.value = message;
  }, REPEAT);
}
