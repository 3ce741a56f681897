/**
 * Icons, drawn in the colour of the text.
 *
 * In:    an icon of lucide
 * Out:   an SVG
 * Needs: lucide (types), preact
 */

import type { IconNode } from 'lucide';
import { createElement, type JSX } from 'preact';

interface IconProps {
  readonly of: IconNode;
  readonly size?: number; // px
}

/** An icon; the element around it has its name. */
export function Icon({ of, size = 24 }: IconProps): JSX.Element {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {of.map(([tag, attributes]) => createElement(tag, attributes as Record<string, string>))}
    </svg>
  );
}
