/**
 * Rendered views of the kinds of key.
 *
 * In:    the name of a kind, and which of its views; or a view's address
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
  return view ? <ViewImage url={view.url} alt={alt} isLazy /> : <Sketch kind={kind} />;
}

interface ViewImageProps {
  readonly url: string;
  readonly alt: string;
  readonly isLazy?: boolean; // loaded only when it is about to be visible
}

const shown = new Map<string, HTMLImageElement>(); // by address: without them, each page would fetch and decode its own

/** A view. */
export function ViewImage({ url, alt, isLazy = false }: ViewImageProps): JSX.Element {
  const loading = isLazy ? 'lazy' : 'eager';
  const keep = (): void => {
    if (!shown.has(url)) shown.set(url, Object.assign(new Image(), { src: url }));
  };
  return (
    <img class="kind-picture" src={url} alt={alt} width={480} height={300} loading={loading} onLoad={keep} />
  );
}
