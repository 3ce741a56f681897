/**
 * Naming the physical key that a photo shows.
 *
 * In:    the shown photo; what is typed
 * Out:   a decision
 * Needs: state/name-search.ts, state/commands.ts
 */

import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Dialog } from '../../parts/dialog';
import { nameKey } from '../state/commands';
import { W } from '../words';
import { useDesk } from './context';

const MAX_NAME = 255; // characters that the server takes

/** The dialog: a name is typed, or one of those that there are is chosen. */
export function KeyNameDialog({ onClose }: { readonly onClose: () => void }): JSX.Element | null {
  const desk = useDesk();
  const [photo] = desk.place.shown.value ?? [];
  const [text, setText] = useState(photo?.key || desk.keyName);
  const search = useMemo(() => desk.search(), []);
  useEffect(() => void search.ask(text), [text]);
  if (!photo) return null;
  const take = (name: string): void => {
    onClose();
    nameKey(desk, photo, name);
  };
  const name = text.trim();
  const isNamed = Boolean(photo.key && photo.row);
  return (
    <Dialog title={W.nameKey} close={W.close} class="key-name" onClose={onClose}>
      <p>{W.nameKeyText}</p>
      <form
        class="other-reason"
        onSubmit={(event) => {
          event.preventDefault();
          if (name || isNamed) take(name);
        }}
      >
        <input
          type="text"
          aria-label={W.keyName}
          autocomplete="off"
          enterkeyhint="done"
          maxLength={MAX_NAME}
          autoFocus
          value={text}
          onFocus={({ currentTarget }) => currentTarget.select()}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <button type="submit" class="main" disabled={!name && !isNamed}>
          {name || !isNamed ? W.takeName : W.clearName}
        </button>
      </form>
      <ul class="key-names" aria-label={W.keyNames}>
        {(search.found.value?.keys ?? []).map((key) => (
          <li key={key}>
            <button type="button" aria-pressed={key === photo.key} onClick={() => take(key)}>
              {key}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
