/**
 * The keys of a button, as they are written on it.
 *
 * In:    their names
 * Out:   small labels; screen readers have the help instead
 * Needs: preact
 */

import type { JSX } from 'preact';

/** The keys. */
export function Keys({ children }: { readonly children: string }): JSX.Element {
  return (
    <span class="key" aria-hidden="true">
      {children}
    </span>
  );
}
