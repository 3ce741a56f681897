/**
 * Leaving a photo out: which one, and why.
 *
 * In:    the shown photos
 * Out:   a decision
 * Needs: state/commands.ts
 */

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from '../../parts/dialog';
import type { Photo } from '../api';
import { DUPLICATE, leastNeeded } from '../state/changes';
import { leaveOut } from '../state/commands';
import { REASONS, W } from '../words';
import { useDesk } from './context';
import { Keys } from './shortcut';

/** The dialog; each reason has a key. */
export function ExcludeDialog({ onClose }: { readonly onClose: () => void }): JSX.Element | null {
  const desk = useDesk();
  const photos = desk.place.shown.value ?? [];
  const suggestion = desk.place.item.value?.suggestion;
  const [chosen, choose] = useState(() => leastNeeded(photos, suggestion?.exclude));
  if (!chosen) return null;
  const take = (reason: string | null): void => {
    onClose();
    leaveOut(desk, [chosen], reason);
  };
  const ofKeys = desk.review.value?.of_keys ?? false;
  const reasons = REASONS.filter((each) => ofKeys || !each.ofKeys);
  const likely = suggestion?.excluded ?? (photos.length > 1 ? DUPLICATE : null);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target instanceof HTMLInputElement && event.target.type === 'text') return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const photo = photos[Number(event.key) - 1];
    const found = reasons.find(({ shortcut }) => shortcut === event.key.toLowerCase());
    if (photos.length > 1 && photo) choose(photo);
    else if (found) take(found.reason);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={W.excludeTitle} close={W.close} class="exclude" onClose={onClose}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: each button has a key */}
      <div class="reasons" onKeyDown={onKeyDown}>
        {photos.length > 1 ? <Which photos={photos} chosen={chosen} onChoose={choose} /> : null}
        {chosen.excluded ? (
          <button type="button" class="main" onClick={() => take(null)}>
            {W.useAgain.name}
          </button>
        ) : null}
        {reasons.map(({ reason, shortcut }) => (
          <button
            key={reason}
            type="button"
            class={reason === likely ? 'main' : ''}
            // biome-ignore lint/a11y/noAutofocus: where a dialog puts the focus
            autoFocus={reason === (likely ?? reasons[0]?.reason)}
            onClick={() => take(reason)}
          >
            <span>{reason}</span>
            <Keys>{shortcut}</Keys>
          </button>
        ))}
        <OtherReason onTake={take} />
      </div>
    </Dialog>
  );
}

interface WhichProps {
  readonly photos: readonly Photo[];
  readonly chosen: Photo;
  readonly onChoose: (photo: Photo) => void;
}

function Which({ photos, chosen, onChoose }: WhichProps): JSX.Element {
  return (
    <fieldset>
      <legend>{W.excludeWhich}</legend>
      {photos.map((photo, i) => (
        <label key={photo.id}>
          <input type="radio" name="which" checked={photo === chosen} onChange={() => onChoose(photo)} />
          <span>
            {W.photoNumber(i + 1)} <span class="secondary">{photo.name}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function OtherReason({ onTake }: { readonly onTake: (reason: string) => void }): JSX.Element {
  const [text, setText] = useState('');
  const take = (event: Event): void => {
    event.preventDefault();
    if (text.trim()) onTake(text.trim());
  };
  return (
    <form class="other-reason" onSubmit={take}>
      <input
        type="text"
        aria-label={W.otherReason}
        placeholder={W.otherReason}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <button type="submit" disabled={!text.trim()}>
        {W.otherReasonSet}
      </button>
    </form>
  );
}
