/**
 * A rendered view of a kind of key.
 *
 * In:    the name of a kind, and which of its views
 * Out:   a picture; the kind's sketch if there is no such view
 * Needs: kinds.ts
 */

import type { JSX } from 'preact';
import { Sketch } from '../parts/sketch';
import { type KindView, kindViews } from './kinds';

interface KindPictureProps {
  readonly kind: string;
  readonly shows: KindView['shows'];
  readonly alt?: string; // empty: the text beside it says what it shows
}

/** The picture. */
export function KindPicture({ kind, shows, alt = '' }: KindPictureProps): JSX.Element {
  const view = kindViews(kind).find((each) => each.shows === shows);
  if (!view) return <Sketch kind={kind} />;
  return <img class="kind-picture" src={view.url} alt={alt} width={480} height={300} loading="lazy" />;
}
