/**
 * The middle: the photo, several photos side by side, or why there is none.
 *
 * In:    the desk
 * Out:   a section
 * Needs: photo-frame.tsx, nothing-here.tsx
 */

import { ChevronLeft, ChevronRight } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import { SIDES } from '../api';
import { count } from '../format';
import { run } from '../state/commands';
import type { Desk } from '../state/desk';
import { kindName, W } from '../words';
import { useDesk } from './context';
import { NothingHere } from './nothing-here';
import { PhotoFrame } from './photo-frame';

const MAX_DENSITY = 1.5; // device pixels a px for which pictures are fetched before they are enlarged
const ENOUGH = 0.85; // of the pixels that are shown

/** The section. */
export function Stage(): JSX.Element {
  const desk = useDesk();
  const element = useRef<HTMLElement>(null);
  const photos = desk.place.shown.value;
  const shown = photos?.length ?? 1;
  useEffect(() => (element.current ? followSize(element.current, desk, shown) : undefined), [shown > 1]);
  const queue = desk.queue.value;
  const isEmpty =
    desk.place.isAtEnd.value || (queue !== null && (queue.state === 'unavailable' || !queue.size));
  return (
    <section class={`stage ${shown > 1 ? 'group' : ''}`} ref={element} aria-label={placeText(desk)}>
      {isEmpty ? <NothingHere /> : null}
      {!isEmpty && photos
        ? photos.map((photo, i) => (
            <figure key={i}>
              <PhotoFrame photo={photo} />
              {photos.length > 1 ? (
                <figcaption>
                  <strong>{i + 1}</strong> {photo.name}
                  <span class="secondary">
                    {[
                      kindName(photo.kind),
                      photo.split && desk.review.value?.has_splits ? W.split(photo.split) : '',
                      photo.excluded ? W.notUsed(photo.excluded) : '',
                    ]
                      .filter(Boolean)
                      .join(' \u00b7 ')}
                  </span>
                </figcaption>
              ) : null}
            </figure>
          ))
        : null}
      {!isEmpty && !photos ? <p class="loading">{desk.review.value ? W.loading : W.starting}</p> : null}
      {isEmpty ? null : <Steps />}
    </section>
  );
}

/** To the photos before and after, for mouse and touch. */
function Steps(): JSX.Element {
  const desk = useDesk();
  return (
    <>
      <button
        type="button"
        class="icon-button step back"
        aria-label={W.previous}
        disabled={desk.place.index.value === 0}
        onClick={() => run(desk, { do: 'previous' })}
      >
        <Icon of={ChevronLeft} />
      </button>
      <button
        type="button"
        class="icon-button step on"
        aria-label={W.next}
        onClick={() => run(desk, { do: 'next' })}
      >
        <Icon of={ChevronRight} />
      </button>
    </>
  );
}

function placeText(desk: Desk): string {
  const size = desk.place.items.value?.size.value;
  return size && !desk.place.isAtEnd.value ? W.photo(desk.place.index.value + 1, size) : count(size ?? 0);
}

/** Fetch pictures as large as they are shown. */
function followSize(element: HTMLElement, desk: Desk, shown: number): () => void {
  const observer = new ResizeObserver(([entry]) => {
    const { width = 0, height = 0 } = entry?.contentRect ?? {};
    const density = Math.min(devicePixelRatio, MAX_DENSITY);
    const needed = ENOUGH * density * Math.max(width / (shown > 1 ? 2 : 1), height);
    desk.place.side.value = SIDES.slice(1).find((side) => side >= needed) ?? SIDES[SIDES.length - 1] ?? 2560;
  });
  observer.observe(element);
  return () => observer.disconnect();
}
