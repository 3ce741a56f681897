/**
 * The photos of one key, and what each added to the answer.
 *
 * In:    the sheet of an entry with several photos
 * Out:   a list: the photo that is chosen is shown large
 * Needs: combining.ts
 */

import { X } from 'lucide';
import type { JSX } from 'preact';
import type { Contribution } from '../../core/combine';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import { BlobImage } from '../parts/blob-image';
import type { EntryPhoto } from '../storage/entries';
import { spokenStep, stepText } from './adding';
import { stepsOf } from './combining';
import { answerText } from './describe';
import type { Sheet } from './sheet';

/** The list; nothing for one photo. */
export function Strip({ sheet }: { readonly sheet: Sheet }): JSX.Element | null {
  const entry = sheet.answer.entry.value;
  if (!entry?.combined) return null;
  const steps = stepsOf(entry, sheet.rule);
  return (
    <section class="strip" aria-labelledby="strip-title">
      <h2 id="strip-title">{t('answer.photos', { n: entry.photos.length })}</h2>
      <ol>
        {entry.photos.map((photo, i) => (
          <Item
            key={`${i} ${photo.keys[0]?.box.join()}`}
            {...{ sheet, photo, i, kind: entry.combined?.best ?? '' }}
            step={steps[i] ?? null}
          />
        ))}
      </ol>
    </section>
  );
}

interface ItemProps {
  readonly sheet: Sheet;
  readonly photo: EntryPhoto;
  readonly i: number;
  readonly kind: string; // of the answer
  readonly step: Contribution | null;
}

function Item({ sheet, photo, i, kind, step }: ItemProps): JSX.Element {
  const [key] = photo.keys;
  const isShown = sheet.photoIndex.value === i;
  const show = (): void => {
    sheet.photoIndex.value = i;
  };
  return (
    <li class={isShown ? 'shown' : ''}>
      <button type="button" class="photo-button" aria-pressed={isShown} onClick={show}>
        <BlobImage blob={photo.thumbnail} alt={t('answer.photoN', { n: i + 1 })} />
      </button>
      <span class="added">
        {key && !key.correction ? <span>{answerText(key)}</span> : null}
        {step && step.before !== null ? (
          <strong>
            <span aria-hidden="true">{stepText(kind, step)}</span>
            <span class="visually-hidden">{spokenStep(kind, step)}</span>
          </strong>
        ) : null}
      </span>
      <button
        type="button"
        class="icon-button"
        aria-label={t('answer.removePhoto', { n: i + 1 })}
        onClick={() => void sheet.removePhoto(i).catch(sheet.app.reportError)}
      >
        <Icon of={X} size={18} />
      </button>
    </li>
  );
}
