/**
 * The sketch of a kind of key.
 *
 * In:    the name of a kind
 * Out:   an SVG in the colour of the text; nothing for classes without a sketch
 * Needs: kinds/kinds.ts
 */

import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { sketchSource } from '../kinds/kinds';

/** A sketch. */
export function Sketch({ kind }: { readonly kind: string }): JSX.Element | null {
  const holder = useRef<HTMLSpanElement>(null);
  const source = sketchSource(kind);
  useEffect(() => {
    if (!source) return;
    const drawing = new DOMParser().parseFromString(source, 'image/svg+xml').documentElement;
    holder.current?.replaceChildren(document.importNode(drawing, true));
  }, [source]);
  return source ? <span ref={holder} class="sketch" aria-hidden="true" /> : null;
}
