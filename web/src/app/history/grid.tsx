/**
 * Photos by day, as tiles: links, or checkboxes while the user selects.
 *
 * In:    summaries
 * Out:   sections with a heading per day
 * Needs: days.ts, thumbnail.tsx, state.ts
 */

import { Check, Layers } from 'lucide';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import { currentLanguage, t } from '../../words';
import { hashOf } from '../router';
import type { Summary } from '../storage/summary';
import { byDay, dateLocale, dayHeading, timeOfDay } from './days';
import { photoLabel, statusOfPhoto } from './labels';
import { selected } from './state';
import { Thumbnail } from './thumbnail';

const LONG_PRESS = 500; // ms
const AFTER_PRESS = 100; // ms after which a click is another one
const MOVED = 8; // px by which the finger may move: further, and the user is scrolling

/** The days. */
export function Days({ summaries }: { readonly summaries: readonly Summary[] }): JSX.Element {
  const locale = userLocale();
  return (
    <>
      {byDay(summaries).map(({ start, items }) => (
        <section key={start} class="day" aria-labelledby={`day-${start}`}>
          <header>
            <h2 id={`day-${start}`}>{dayHeading(start, Date.now(), locale)}</h2>
            <Imports items={items} />
          </header>
          <ul class="tiles">
            {items.map((summary) => (
              <Tile key={summary.id} summary={summary} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

/** Links to the photos that were imported together. */
function Imports({ items }: { readonly items: readonly Summary[] }): JSX.Element {
  const counts = new Map<number, number>();
  for (const { group } of items) if (group !== null) counts.set(group, (counts.get(group) ?? 0) + 1);
  return (
    <>
      {[...counts]
        .filter(([, count]) => count > 1)
        .map(([group, count]) => (
          <a key={group} href={hashOf({ view: 'import', group })}>
            {t('history.import', { time: timeOfDay(group, userLocale()), n: count })}
          </a>
        ))}
    </>
  );
}

function Tile({ summary }: { readonly summary: Summary }): JSX.Element {
  const { id, photoCount } = summary;
  const label = photoLabel(summary);
  const time = timeOfDay(id, userLocale());
  const press = useLongPress((tile) => startSelection(id, tile));
  const picture = (
    <>
      <Thumbnail id={id} />
      {photoCount > 1 ? (
        <span class="count-badge" role="img" aria-label={t('history.photos', { n: photoCount })}>
          <Icon of={Layers} size={14} />
          {photoCount}
        </span>
      ) : null}
      <span class={`caption ${statusOfPhoto(summary)}`}>
        <span class="label">{label}</span>
        <span class="visually-hidden">, {time}</span>
      </span>
    </>
  );
  const chosen = selected.value;
  if (!chosen)
    return (
      <li>
        <a class="tile" data-id={id} href={hashOf({ view: 'answer', id })} {...press}>
          {picture}
        </a>
      </li>
    );
  return (
    <li>
      <label class="tile">
        <input
          type="checkbox"
          data-id={id}
          checked={chosen.has(id)}
          onChange={(event) => select(id, event.currentTarget.checked)}
        />
        {picture}
        <span class="tick">
          <Icon of={Check} size={18} />
        </span>
      </label>
    </li>
  );
}

function userLocale(): string {
  return dateLocale(currentLanguage(), navigator.languages);
}

/** Select a photo, or no longer; the first one starts the selection. */
function select(id: number, isSelected: boolean): void {
  const ids = new Set(selected.value);
  if (isSelected) ids.add(id);
  else ids.delete(id);
  selected.value = ids;
}

/** What an element needs to notice a long press. */
interface Press {
  onPointerDown(event: PointerEvent): void;
  onPointerMove(event: PointerEvent): void;
  onPointerUp(): void;
  onPointerCancel(): void;
  onContextMenu(event: Event): void;
}

/** Select a first photo: it stays under the finger, and to lift the finger is no click on what is there now. */
function startSelection(id: number, tile: Element): void {
  const { top } = tile.getBoundingClientRect();
  select(id, true);
  requestAnimationFrame(() => {
    const moved = document.querySelector(`[data-id="${id}"]`)?.getBoundingClientRect();
    if (moved) scrollBy(0, moved.top - top);
  });
  const ignore = (event: Event): void => {
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener('click', ignore, { capture: true });
  const stop = (): void =>
    void setTimeout(() => removeEventListener('click', ignore, { capture: true }), AFTER_PRESS);
  addEventListener('pointerup', stop, { once: true });
  addEventListener('pointercancel', stop, { once: true });
}

/** Return handlers that call `onPress` when a finger rests on an element. */
function useLongPress(onPress: (element: Element) => void): Press {
  const press = useRef<{ timer: ReturnType<typeof setTimeout>; x: number; y: number } | null>(null);
  const stop = (): void => {
    clearTimeout(press.current?.timer);
    press.current = null;
  };
  return {
    onPointerDown: ({ clientX: x, clientY: y, pointerType, currentTarget }) => {
      if (pointerType === 'mouse' || !(currentTarget instanceof Element)) return;
      press.current = { timer: setTimeout(() => onPress(currentTarget), LONG_PRESS), x, y };
    },
    onPointerMove: ({ clientX, clientY }) => {
      const from = press.current;
      if (from && Math.hypot(clientX - from.x, clientY - from.y) > MOVED) stop();
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    onContextMenu: (event) => press.current && event.preventDefault(), // Android opens one after a long press
  };
}
