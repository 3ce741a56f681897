/**
 * Finding a photo by its name.
 *
 * In:    what is typed
 * Out:   the chosen photo is shown, among all photos
 * Needs: state/name-search.ts
 */

import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Dialog } from '../../parts/dialog';
import type { Found } from '../api';
import { kindName, W } from '../words';
import { useDesk } from './context';
import { LookAgain } from './look-again';
import { SmallPicture } from './small-picture';

type FoundPhoto = Found['photos'][number];

/** The dialog; Enter takes the first photo. */
export function FindDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const desk = useDesk();
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const search = useMemo(() => desk.search(), []);
  useEffect(() => void search.ask(text), [text]);
  const { photos, total } = search.found.value ?? { photos: [], total: 0 };
  const take = ({ photo, index }: FoundPhoto): void => {
    onClose();
    void desk.show(photo, index);
  };
  const takeFirst = async (): Promise<void> => {
    const found = await search.ask(field.current?.value ?? ''); // Enter may come before the answer
    const [first] = found?.photos ?? [];
    if (first && field.current) take(first);
  };
  const askAgain = (): void => {
    field.current?.focus();
    void search.ask(text);
  };
  return (
    <Dialog title={W.find} close={W.close} class="find" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void takeFirst();
        }}
      >
        <input
          ref={field}
          type="text"
          aria-label={W.findHint}
          placeholder={W.findHint}
          autocomplete="off"
          enterkeyhint="go"
          autoFocus
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </form>
      <p class="secondary" role="status">
        {desk.connection.failure.value
          ? W.gone
          : text.trim() && search.found.value
            ? W.foundPhotos(photos.length, total)
            : ''}
      </p>
      {search.found.value && !total ? <LookAgain onDone={askAgain} /> : null}
      <ul class="found">
        {photos.map((each) => (
          <li key={each.photo}>
            <FoundPhotoButton found={each} onTake={() => take(each)} />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

interface FoundPhotoButtonProps {
  readonly found: FoundPhoto;
  readonly onTake: () => void;
}

function FoundPhotoButton({ found, onTake }: FoundPhotoButtonProps): JSX.Element | null {
  const photo = useDesk().place.photos.get(found.photo);
  if (!photo) return null;
  return (
    <button type="button" onClick={onTake}>
      <SmallPicture photo={photo} />
      <span class="file">{photo.name}</span>
      <span class="secondary">
        {[kindName(photo.kind), photo.key && W.key(photo.key)].filter(Boolean).join(' \u00b7 ')}
      </span>
    </button>
  );
}
