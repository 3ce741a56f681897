/**
 * One kind of key.
 *
 * In:    its name
 * Out:   a view
 * Needs: kinds.ts
 */

import type { JSX } from 'preact';
import { Page } from '../parts/page';
import { Sketch } from '../parts/sketch';
import { kindHint, kindLabel } from './kinds';

/** The view. */
export function KindView({ kind }: { readonly kind: string }): JSX.Element {
  return (
    <Page title={kindLabel(kind)} class="kind" up={{ view: 'kinds' }}>
      <Sketch kind={kind} />
      <p>{kindHint(kind)}</p>
    </Page>
  );
}
