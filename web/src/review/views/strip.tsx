/**
 * The strip: the queue around the present item, in small pictures. Only those in view are in the page.
 *
 * In:    the desk
 * Out:   a list that scrolls sideways
 * Needs: context.ts
 */

import { Ban, Check } from 'lucide';
import type { JSX, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import type { Item } from '../api';
import type { QueueItems } from '../state/queue-items';
import { kindName, W } from '../words';
import { useDesk } from './context';
import { SmallPicture } from './small-picture';

const STEP = 84; // px from one picture to the next
const BESIDE = 4; // pictures beyond the edges

/** The strip; nothing in an empty queue. */
export function Strip(): JSX.Element | null {
  const desk = useDesk();
  const items = desk.place.items.value;
  const size = items?.size.value ?? 0;
  if (!items || !size || desk.queue.value?.state === 'unavailable') return null;
  return <StripOf items={items} size={size} />;
}

function StripOf({ items, size }: { readonly items: QueueItems; readonly size: number }): JSX.Element {
  const desk = useDesk();
  const list = useRef<HTMLOListElement>(null);
  const { left, width, onScroll } = useScroll(list);
  const index = desk.place.index.value;
  useLayoutEffect(() => centre(list.current, index), [items, index, size, width]);
  const first = Math.max(Math.floor(left / STEP) - BESIDE, 0);
  const last = Math.min(Math.ceil((left + width) / STEP) + BESIDE, size);
  useEffect(() => void desk.place.need(first, last), [items, first, last]);
  const places = Array.from({ length: Math.max(last - first, 0) }, (_, i) => first + i);
  return (
    <ol class="strip" ref={list} aria-label={W.strip} onScroll={onScroll}>
      <li class="strip-width" aria-hidden="true" style={{ inlineSize: `${STEP * size}px` }} />
      {places.map((place) => (
        <li
          key={place}
          aria-setsize={size}
          aria-posinset={place + 1}
          style={{ insetInlineStart: `${STEP * place}px` }}
        >
          <Thumbnail place={place} size={size} item={items.at(place)} isShown={place === index} />
        </li>
      ))}
    </ol>
  );
}

interface ThumbnailProps {
  readonly place: number;
  readonly size: number;
  readonly item: Item | null;
  readonly isShown: boolean;
}

function Thumbnail({ place, size, item, isShown }: ThumbnailProps): JSX.Element {
  const desk = useDesk();
  const [photo, second] = item?.photos.map((id) => desk.place.photos.get(id)) ?? [];
  const colour = desk.review.value?.kinds.find((kind) => kind.name === photo?.kind)?.colour;
  const name = [
    W.photo(place + 1, size),
    photo ? kindName(photo.kind) : '',
    item?.decided ? W.decidedMark : '',
  ]
    .filter(Boolean)
    .join(', ');
  return (
    <button
      type="button"
      class={`thumbnail ${item?.decided ? 'decided' : ''}`}
      aria-label={name}
      aria-current={isShown ? 'true' : undefined}
      tabIndex={isShown ? 0 : -1}
      onClick={() => desk.go(place)}
    >
      {photo ? <SmallPicture photo={photo} /> : null}
      {second ? <SmallPicture photo={second} class="second" /> : null}
      {colour ? <span class="colour" style={{ background: colour }} /> : null}
      {item?.decided ? (
        <span class="tick">
          <Icon of={photo?.excluded ? Ban : Check} size={14} />
        </span>
      ) : null}
    </button>
  );
}

/** Return what part of a list is in view. */
function useScroll(list: RefObject<HTMLElement | null>): {
  readonly left: number;
  readonly width: number;
  readonly onScroll: () => void;
} {
  const [left, setLeft] = useState(0);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!list.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(list.current);
    return () => observer.disconnect();
  }, []);
  return { left, width, onScroll: () => setLeft(list.current?.scrollLeft ?? 0) };
}

/** Scroll so that an item is in the middle. */
function centre(list: HTMLElement | null, index: number): void {
  if (list) list.scrollLeft = STEP * (index + 0.5) - list.clientWidth / 2;
}
