/**
 * The card of one key: its kind, how sure that is, and what the user can ask and do.
 *
 * In:    a key and its number; the sheet
 * Out:   a list item; selecting it highlights the key in the photo
 * Needs: wrong.tsx, why.tsx, compare.tsx, numbers.tsx, add-photo.tsx
 */

import { ChevronDown, ChevronUp } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { type MessageKey, t } from '../../words';
import { kindHint, kindPage } from '../kinds/kinds';
import { Bitmap } from '../parts/bitmap';
import { Icon } from '../parts/icon';
import { hashOf } from '../router';
import type { StoredKey } from '../storage/entries';
import { AddPhoto } from './add-photo';
import { certaintyText } from './certainty';
import { CertaintyHelp } from './certainty-help';
import { idOf } from './changes';
import { Compare } from './compare';
import { adviceText, headingText, isKey, isWhole, kindOf, statusOf, topTwoText } from './describe';
import { Measurements, Probabilities } from './numbers';
import type { Sheet } from './sheet';
import { Why } from './why';
import { Wrong } from './wrong';

interface CardProps {
  readonly sheet: Sheet;
  readonly answered: StoredKey;
  readonly number: number | null; // null: the whole photo
  readonly isOnly: boolean; // whether there is no other key in the photo
}

/** What is unfolded in a card. */
type Part = 'wrong' | 'why' | 'more';

/** The card. */
export function KeyCard({ sheet, answered, number, isOnly }: CardProps): JSX.Element {
  const [open, setOpen] = useState<ReadonlySet<Part>>(new Set(isOnly ? ['more'] : []));
  const isSelected = sheet.selected.value === idOf(answered);
  const item = useRef<HTMLLIElement>(null);
  const id = useId();
  const toggle = (part: Part): void => setOpen((now) => toggled(now, part));
  const close = (part: Part): void => setOpen((now) => new Set([...now].filter((each) => each !== part)));
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the button of the heading is the keyboard's way to select a key
    <li
      ref={item}
      class={`card key-card entry ${statusOf(answered)} ${isSelected ? 'selected' : ''}`}
      data-key={idOf(answered)}
      aria-labelledby={id}
      onClick={() => {
        sheet.selected.value = idOf(answered);
      }}
    >
      <Head sheet={sheet} answered={answered} number={number} id={id} />
      <Explanation sheet={sheet} answered={answered} />
      <div class="chips">
        <Chip part="wrong" label="answer.wrong" open={open} onToggle={toggle} id={id} />
        <Chip part="why" label="answer.why" open={open} onToggle={toggle} id={id} />
        <Chip part="more" label="answer.more" open={open} onToggle={toggle} id={id} />
      </div>
      {open.has('wrong') ? <Wrong sheet={sheet} answered={answered} onDone={() => close('wrong')} /> : null}
      {open.has('why') ? <Why sheet={sheet} answered={answered} /> : null}
      {open.has('more') ? <More sheet={sheet} answered={answered} /> : null}
    </li>
  );
}

function toggled(open: ReadonlySet<Part>, part: Part): ReadonlySet<Part> {
  const now = new Set(open);
  if (!now.delete(part)) now.add(part);
  return now;
}

interface ChipProps {
  readonly part: Part;
  readonly label: MessageKey;
  readonly open: ReadonlySet<Part>;
  readonly id: string; // of the card's heading
  readonly onToggle: (part: Part) => void;
}

/** A button that unfolds a part of the card. */
function Chip({ part, label, open, id, onToggle }: ChipProps): JSX.Element {
  const isOpen = open.has(part);
  return (
    <button
      type="button"
      class={`chip ${part}`}
      id={`${id}-${part}`}
      aria-expanded={isOpen}
      aria-labelledby={`${id}-${part} ${id}`}
      onClick={() => onToggle(part)}
    >
      {t(label)}
      {part === 'more' ? <Icon of={isOpen ? ChevronUp : ChevronDown} size={18} /> : null}
    </button>
  );
}

type PartProps = Pick<CardProps, 'sheet' | 'answered'>;

/** Number, thumbnail, kind, how sure. */
function Head({
  sheet,
  answered,
  number,
  id,
}: PartProps & { number: number | null; id: string }): JSX.Element {
  const heading = useRef<HTMLButtonElement>(null);
  const isSelected = sheet.selected.value === idOf(answered);
  const wasSelected = useRef(isSelected);
  useEffect(() => {
    if (isSelected && !wasSelected.current && sheet.focusesCard)
      heading.current?.focus({ preventScroll: true });
    wasSelected.current = isSelected;
  }, [isSelected]);
  return (
    <div class="card-head">
      {isWhole(answered) ? null : (
        <span class="thumb">
          <Bitmap load={() => sheet.engine.keyImage(answered)} of={imageId(sheet, answered)} label="" />
          <span class="badge" aria-hidden="true">
            {number}
          </span>
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
  if (correction !== undefined) return <p class="sureness">{t('answer.yours')}</p>;
  if (verdict.kind === null)
    return verdict.reason === 'blade_hidden' ? null : <p class="sureness">{topTwoText(answered)}</p>;
  return (
    <p class="sureness">
      {certaintyText(verdict.probability)}
      <CertaintyHelp />
    </p>
  );
}

/** The hint for a known kind; for an unknown one, what would make it known. */
function Explanation({ sheet, answered }: PartProps): JSX.Element | null {
  const kind = kindOf(answered);
  if (kind !== null) {
    const hint = kindHint(kind);
    return hint ? <p class="hint">{hint}</p> : null;
  }
  if (!isKey(answered)) return null;
  return (
    <div class="advice">
      <p>{adviceText(answered)}</p>
      {isWhole(answered) ? null : <AddPhoto sheet={sheet} answered={answered} isMain />}
    </div>
  );
}

/** Similar kinds, numbers, and what else can be done. */
function More({ sheet, answered }: PartProps): JSX.Element {
  const kind = kindOf(answered) ?? answered.verdict.best;
  return (
    <div class="more">
      <Compare sheet={sheet} answered={answered} />
      {kindPage(kind) ? (
        <a class="button wide" href={hashOf({ view: 'kind', kind })}>
          {t('answer.page', { kind: kindPage(kind)?.title ?? kind })}
        </a>
      ) : null}
      {kindOf(answered) !== null && !isWhole(answered) ? (
        <AddPhoto sheet={sheet} answered={answered} />
      ) : null}
      <Probabilities answered={answered} />
      {isWhole(answered) ? null : <Measurements answered={answered} />}
    </div>
  );
}

/** Return what names the picture of a key: another photo or place is another picture. */
function imageId(sheet: Sheet, { box }: StoredKey): string {
  return `${sheet.answer.id} ${sheet.photoIndex.value} ${box.join()}`;
}
