/**
 * What was detected and is not a key: last, folded and small.
 *
 * In:    the sheet
 * Out:   a list, whose items can be said to be keys
 * Needs: sheet.ts
 */

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../../words';
import { kindLabel } from '../kinds/kinds';
import { Bitmap } from '../parts/bitmap';
import type { StoredKey } from '../storage/entries';
import { idOf } from './changes';
import type { Sheet } from './sheet';

/** The list; nothing if there is none. */
export function Others({ sheet }: { readonly sheet: Sheet }): JSX.Element | null {
  const others = sheet.others.value;
  const [isOpen, setOpen] = useState(false);
  if (others.length === 0) return null;
  return (
    <details class="others" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        {others.length === 1 ? t('answer.othersOne') : t('answer.othersMany', { n: others.length })}
      </summary>
      {isOpen ? (
        <ul>
          {others.map((key) => (
            <Other key={idOf(key)} sheet={sheet} answered={key} />
          ))}
        </ul>
      ) : null}
    </details>
  );
}

function Other({ sheet, answered }: { readonly sheet: Sheet; readonly answered: StoredKey }): JSX.Element {
  const isYours = answered.correction !== undefined;
  const promote = (): void => void sheet.promote(answered).catch(sheet.app.reportError);
  const show = (): void => {
    sheet.selected.value = idOf(answered);
  };
  return (
    <li class={`entry nokey ${sheet.selected.value === idOf(answered) ? 'selected' : ''}`}>
      <button type="button" class="thumb" aria-label={t('answer.show')} onClick={show}>
        <Bitmap load={() => sheet.engine.keyImage(answered)} of={idOf(answered)} label="" />
      </button>
      <span class="card-text">
        <strong>{t('key.notKey')}</strong>
        <span class="secondary">
          {isYours ? t('answer.yours') : t('key.notKeyNearest', { kind: kindLabel(answered.verdict.best) })}
        </span>
      </span>
      <button type="button" onClick={promote}>
        {t('answer.isKey')}
      </button>
    </li>
  );
}
