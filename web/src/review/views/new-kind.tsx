/**
 * A field for a kind that has no button, or none in view: what is typed also filters the list.
 *
 * In:    the text; the kinds that match it
 * Out:   the chosen kind
 * Needs: state/kind-search.ts
 */

import type { JSX, RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Kind } from '../api';
import { meant } from '../state/kind-search';
import { W } from '../words';
import { useDesk } from './context';

interface NewKindProps {
  readonly text: string;
  readonly found: readonly Kind[];
  readonly onText: (text: string) => void;
  readonly onTake: (kind: string) => void;
}

const MAX_NAME = 100; // characters that the server takes

/** The field: arrow keys go through what was found, Enter takes it or the text, Escape leaves. */
export function NewKind({ text, found, onText, onTake }: NewKindProps): JSX.Element {
  const desk = useDesk();
  const field = useField();
  const [at, setAt] = useState<number | null>(null); // of what was found
  const change = (next: string): void => {
    onText(next);
    setAt(null);
  };
  const leave = (): void => {
    change('');
    field.current?.blur();
  };
  const kinds = desk.review.value?.kinds ?? [];
  const chosen = at === null ? meant(kinds, text) : (found[at]?.name ?? null);
  const take = (event: Event): void => {
    event.preventDefault();
    if (!chosen) return;
    leave();
    onTake(chosen);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') leave();
    else if (step && text) setAt(stepped(at, step, found.length));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isNew = chosen !== null && !kinds.some(({ name }) => name === chosen);
  return (
    <form class="new-kind" onSubmit={take}>
      <input
        ref={field}
        type="text"
        maxLength={MAX_NAME}
        aria-label={W.otherKind}
        aria-keyshortcuts="+"
        aria-describedby="new-kind-hint"
        placeholder={W.otherKindHint}
        autocomplete="off"
        enterkeyhint="done"
        value={text}
        onInput={({ currentTarget }) => change(currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <p id="new-kind-hint" class="secondary" aria-live="polite">
        {text && chosen ? W.takesKind(chosen, isNew, found[0]?.name) : ''}
      </p>
    </form>
  );
}

/** Return the field; it gets the focus when the user presses the key for it, before the next key arrives. */
function useField(): RefObject<HTMLInputElement | null> {
  const asked = useDesk().kindAsked.value;
  const done = useRef(asked);
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (done.current !== asked) field.current?.focus();
    done.current = asked;
  }, [asked]);
  return field;
}

/** Return the next place in a list that goes round; null: in the text. */
function stepped(at: number | null, step: number, size: number): number | null {
  const next = (at ?? (step > 0 ? -1 : size)) + step;
  return next >= 0 && next < size ? next : null;
}
