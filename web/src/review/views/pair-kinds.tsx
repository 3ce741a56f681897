/**
 * The kinds of photos that show the same and have different labels: a row of buttons for each photo.
 *
 * In:    the desk
 * Out:   rows of buttons
 * Needs: context.ts
 */

import type { JSX } from 'preact';
import { relabel } from '../state/commands';
import { kindName, W } from '../words';
import { useDesk } from './context';

const MANY = 6; // kinds above which only those of the photos are offered

/** The rows. */
export function PairKinds(): JSX.Element {
  const desk = useDesk();
  const photos = desk.place.shown.value ?? [];
  const theirs = [...new Set(photos.flatMap(({ kind }) => kind || []))];
  const known = desk.review.value?.kinds.map(({ name }) => name) ?? [];
  const others = known.length > MANY ? [] : known.filter((name) => !theirs.includes(name));
  return (
    <div class="pair-kinds">
      {photos.map((photo, i) => (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset would be a form
        <div key={photo.id} role="group" aria-label={W.photoNumber(i + 1)}>
          <span class="pair-photo">{W.photoNumber(i + 1)}</span>
          {[...theirs, ...others].map((kind) => (
            <button
              key={kind}
              type="button"
              aria-pressed={kind === photo.kind}
              onClick={() => relabel(desk, photo, kind)}
            >
              {kindName(kind)}
            </button>
          ))}
        </div>
      ))}
    </div>
  );
}
