/**
 * What the app says beside the views: notices, and announcements for screen readers.
 *
 * In:    messages
 * Out:   signals that the shell shows
 * Needs: @preact/signals
 *
 * There is room for an error, an update and one thing that passes: none takes the place of another.
 */

import { signal } from '@preact/signals';

/** A message that is shown until it is closed or replaced. */
export interface Notice {
  readonly message: string;
  readonly type: 'error' | 'ready' | 'update' | 'undo';
  readonly action?: { readonly label: string; run(): void };
  readonly at: number; // ms, when it was shown
}

const ORDER = ['error', 'update', 'passing'] as const; // from top to bottom
type Place = (typeof ORDER)[number];

/** The notices, the most important first. */
export const notices = signal<readonly Notice[]>([]);
export const announcement = signal('');

const TIMES = { undo: 10_000, ready: 6000 } as const; // ms for which notices are shown that nobody need close
const JUST_NOW = 1000; // ms: what failed led to the view, and is to be read there
const REPEAT = 50; // ms in which screen readers notice that the text was gone
let timer: ReturnType<typeof setTimeout> | undefined;

/** Show a notice in place of the one before that is as important, and return it. */
export function notify(message: string, type: Notice['type'], action?: Notice['action']): Notice {
  const shown: Notice = { message, type, at: performance.now(), ...(action ? { action } : {}) };
  const others = notices.value.filter((each) => placeOf(each) !== placeOf(shown));
  notices.value = [...others, shown].sort((a, b) => ORDER.indexOf(placeOf(a)) - ORDER.indexOf(placeOf(b)));
  if (type !== 'undo' && type !== 'ready') return shown;
  clearTimeout(timer);
  timer = setTimeout(() => closeNotice(shown), TIMES[type]);
  return shown;
}

/** Remove a notice. */
export function closeNotice(closed: Notice): void {
  notices.value = notices.value.filter((each) => each !== closed);
}

/** Remove what was said about what the user did before; an update stays. */
export function clearNotices(): void {
  notices.value = notices.value.filter(({ type }) => type === 'update');
}

/** Remove the errors of a view that the user leaves, unless they offer something or are of just now. */
export function endOfView(): void {
  const isOver = ({ type, action, at }: Notice): boolean =>
    type === 'error' && !action && performance.now() - at > JUST_NOW;
  notices.value = notices.value.filter((each) => !isOver(each));
}

/** Remove what passes: it no longer applies. */
export function clearPassing(): void {
  notices.value = notices.value.filter((each) => placeOf(each) !== 'passing');
}

/** Announce a message to screen readers, also one that is the same as the last. */
export function announce(message: string): void {
  announcement.value = '';
  setTimeout(() => {
    announcement.value = message;
  }, REPEAT);
}

function placeOf({ type }: Notice): Place {
  return type === 'error' || type === 'update' ? type : 'passing';
}
