/**
 * The head of a card: number and thumbnail of the key, its kind, how sure that is.
 *
 * In:    a key and its number; the sheet
 * Out:   the heading, a button that selects the key; it gets the focus if the key was selected in the photo or changed
 * Needs: certainty.ts, describe.ts, into-view.ts
 */

import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../../words';
import { kindLabel } from '../kinds/kinds';
import { Bitmap } from '../parts/bitmap';
import type { StoredKey } from '../storage/entries';
import { certaintyOf, certaintyText } from './certainty';
import { CertaintyHelp } from './certainty-help';
import { idOf } from './changes';
import { headingText, isCorrected, isKey, isWhole, topTwoText } from './describe';
import { bringIntoView } from './into-view';
import type { Sheet } from './sheet';

interface HeadProps {
  readonly sheet: Sheet;
  readonly answered: StoredKey;
  readonly number: number | null; // null: there is no other
  readonly id: string; // of the heading
}

/** The head of the card. */
export function Head({ sheet, answered, number, id }: HeadProps): JSX.Element {
  const heading = useRef<HTMLButtonElement>(null);
  const isSelected = sheet.selected.value === idOf(answered);
  const isToFocus = sheet.toFocus.value === idOf(answered);
  useEffect(() => {
    if (!isToFocus) return;
    sheet.toFocus.value = null;
    heading.current?.focus({ preventScroll: true });
    const card = heading.current?.closest('li');
    if (card) bringIntoView(card);
  }, [isToFocus]);
  return (
    <div class="card-head">
      {isWhole(answered) ? null : (
        <span class="thumb">
          <Bitmap load={() => sheet.engine.keyImage(answered)} of={imageId(sheet, answered)} label="" />
          {number === null ? null : (
            <span class="badge" aria-hidden="true">
              {number}
            </span>
          )}
        </span>
      )}
      <div class="card-text">
        <h2 id={id}>
          <button
            type="button"
            class="card-name"
            ref={heading}
            aria-pressed={isSelected}
            onClick={() => {
              sheet.selected.value = idOf(answered);
            }}
          >
            {number === null ? null : <span class="visually-hidden">{t('key.title', { n: number })}: </span>}
            {headingText(answered)}
          </button>
        </h2>
        <Sureness answered={answered} />
      </div>
    </div>
  );
}

function Sureness({ answered }: { readonly answered: StoredKey }): JSX.Element | null {
  const { correction, verdict } = answered;
  if (correction !== undefined)
    return <p class="sureness">{t(isCorrected(answered) ? 'answer.yours' : 'answer.confirmed')}</p>;
  if (!isKey(answered)) {
    const kind = kindLabel(verdict.best);
    return <p class="sureness">{t('key.notKeyNearest', { kind })}</p>;
  }
  if (verdict.kind === null)
    return verdict.reason === 'blade_hidden' ? null : <p class="sureness">{topTwoText(answered)}</p>;
  return (
    <div class={`certainty ${certaintyOf(verdict.probability)}`}>
      <p class="sureness">
        {certaintyText(verdict.probability)}
        <CertaintyHelp />
      </p>
      <span class="certainty-track" aria-hidden="true">
        <span class="certainty-fill" style={{ inlineSize: `${100 * verdict.probability}%` }} />
      </span>
    </div>
  );
}

/** Return what names the picture of a key: another photo or place is another picture. */
function imageId(sheet: Sheet, { box }: StoredKey): string {
  return `${sheet.answer.id} ${sheet.photoIndex.value} ${box.join()}`;
}
