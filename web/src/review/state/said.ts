/**
 * What the page says after a command: for some seconds over the photo, and to screen readers.
 *
 * In:    texts
 * Out:   signals that the page shows
 * Needs: @preact/signals
 */

import { signal } from '@preact/signals';

/** A text; what is not shown is for screen readers alone. */
export interface Said {
  readonly shown: string;
  readonly rest: string;
}

const SHOWN = 2500; // ms
const REPEAT = 50; // ms in which screen readers notice that the text was gone

export const said = signal<Said>({ shown: '', rest: '' });
export const isShown = signal(false);
let repeat: ReturnType<typeof setTimeout> | undefined;
let end: ReturnType<typeof setTimeout> | undefined;

/** Say something, also what was said last. shown: what is to be seen; rest: for screen readers alone. */
export function say(shown: string, rest = ''): void {
  said.value = { shown: '', rest: '' };
  clearTimeout(repeat);
  repeat = setTimeout(() => {
    said.value = { shown, rest };
    if (!shown) return; // what was shown before has been read, or is being replaced
    isShown.value = true;
    clearTimeout(end);
    end = setTimeout(() => {
      isShown.value = false;
    }, SHOWN);
  }, REPEAT);
}
