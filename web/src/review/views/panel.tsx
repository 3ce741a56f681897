/**
 * The side: why the item is here, what its label is, what the model says, and what can be decided.
 *
 * In:    the desk
 * Out:   a section
 * Needs: classes.tsx, actions.tsx
 */

import type { JSX } from 'preact';
import type { Photo } from '../api';
import { ALL } from '../state/desk';
import { canMark } from '../state/draft';
import { kindName, W } from '../words';
import { Actions } from './actions';
import { Classes } from './classes';
import { useDesk } from './context';

const MANY = 3; // photos whose labels may need to be scrolled

/** The section. */
export function Panel(): JSX.Element | null {
  const desk = useDesk();
  const [item, photos] = [desk.place.item.value, desk.place.shown.value];
  const [photo] = photos ?? [];
  if (!item || !photo || !photos || desk.queue.value?.state === 'unavailable') return null;
  const isGroup = photos.length > 1;
  const reason = desk.queue.value?.id === ALL ? '' : item.reason; // there it says what is below anyway
  return (
    <section class="panel" aria-label={W.actions}>
      <div class="about">
        {reason ? (
          <p class="why">
            <span class="visually-hidden">{W.why}: </span>
            {reason}
          </p>
        ) : null}
        {photo.problem && !item.reason.includes(faultOf(photo.problem)) ? (
          <p class="problem">{photo.problem}</p>
        ) : null}
        {isGroup ? <GroupLabels photos={photos} /> : <LabelOf photo={photo} />}
        {photos.some(hasKeys) ? <p class="secondary legend">{W.legend}</p> : null}
      </div>
      <div class="decide">
        <Actions />
        {isGroup ? null : <Classes photo={photo} suggested={item.suggestion?.kind ?? null} />}
      </div>
    </section>
  );
}

/** Return what is wrong, without what to do. */
function faultOf(problem: string): string {
  return problem.split(';')[0] ?? problem;
}

/** What the photo is, and who says so. */
function LabelOf({ photo }: { readonly photo: Photo }): JSX.Element {
  const { row, kind, folder_kind: folder } = photo;
  const isAsGiven = row === null || (kind === folder && !row.who);
  return (
    <div class="label-of">
      <p class="file" title={photo.name}>
        {photo.name}
      </p>
      <p class={`kind ${kind ? '' : 'none'}`}>{kindName(kind)}</p>
      <p class="secondary">
        {kind && isAsGiven ? W.asGiven : ''}
        {isAsGiven ? '' : W.decidedBy(row?.who ?? null, row?.when ?? null)}
        {folder && kind !== folder ? `; ${W.givenLabel(kindName(folder))}` : ''}
      </p>
      <Facts photo={photo} />
    </div>
  );
}

/** Return whether keys are drawn over a photo. */
function hasKeys({ ends, detections }: Photo): boolean {
  return Boolean((ends ?? detections)?.length);
}

function Facts({ photo }: { readonly photo: Photo }): JSX.Element {
  const desk = useDesk();
  const marked = photo.ends ?? (canMark(photo) ? photo.detections : null);
  const facts = [
    photo.key ? W.key(photo.key) : '',
    photo.split && desk.review.value?.has_splits ? W.split(photo.split) : '',
    marked ? W.keysFound(marked.length, photo.ends !== null) : '',
  ].filter(Boolean);
  return (
    <>
      {photo.excluded ? <p class="out">{W.notUsed(photo.excluded)}</p> : null}
      {facts.length ? <p class="secondary facts">{facts.join(' \u00b7 ')}</p> : null}
    </>
  );
}

function GroupLabels({ photos }: { readonly photos: readonly Photo[] }): JSX.Element {
  return (
    <ol class="group-labels" {...(photos.length > MANY ? { tabIndex: 0 } : {})}>
      {photos.map((photo, i) => (
        <li key={photo.id}>
          <strong>{W.photoNumber(i + 1)}</strong>
          <LabelOf photo={photo} />
        </li>
      ))}
    </ol>
  );
}
