/**
 * The card of one key: its kind, how sure that is, and what the user can ask and do.
 *
 * In:    a key and its number; the sheet
 * Out:   a list item; selecting it highlights the key in the photo
 * Needs: wrong.tsx, why.tsx, compare.tsx, numbers.tsx, add-photo.tsx
 */

import { ChevronDown, ChevronUp } from 'lucide';
import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import { type MessageKey, t } from '../../words';
import { kindHint, kindPage } from '../kinds/kinds';
import { LearnButton, OwnKeyLine } from '../my-keys/own-key';
import { hashOf } from '../router';
import type { StoredKey } from '../storage/entries';
import { AddPhoto } from './add-photo';
import { Head } from './card-head';
import { idOf } from './changes';
import { Compare } from './compare';
import { adviceText, isKey, isWhole, kindOf, statusOf } from './describe';
import { bringIntoView } from './into-view';
import { Measurements, Probabilities } from './numbers';
import type { Sheet } from './sheet';
import { Why } from './why';
import { Wrong } from './wrong';

interface CardProps {
  readonly sheet: Sheet;
  readonly answered: StoredKey;
  readonly number: number | null; // null: there is no other
  readonly isOnly: boolean; // whether there is no other key in the photo
}

/** What is unfolded in a card. */
type Part = 'wrong' | 'why' | 'more';

/** The card. */
export function KeyCard({ sheet, answered, number, isOnly }: CardProps): JSX.Element {
  const [open, setOpen] = useState<ReadonlySet<Part>>(new Set(isOnly ? ['more'] : []));
  const isSelected = sheet.selected.value === idOf(answered);
  const id = useId();
  const toggle = (part: Part): void => setOpen((now) => toggled(now, part));
  const close = (part: Part): void => {
    setOpen((now) => new Set([...now].filter((each) => each !== part)));
    requestAnimationFrame(() => focusOn(`${id}-${part}`));
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the button of the heading is the keyboard's way to select a key
    <li
      class={`card key-card entry ${statusOf(answered)} ${isSelected ? 'selected' : ''}`}
      data-key={idOf(answered)}
      data-kind={answered.verdict.kind ?? ''}
      data-probability={answered.verdict.probability}
      data-correction={answered.correction}
      aria-labelledby={id}
      onClick={() => {
        sheet.selected.value = idOf(answered);
      }}
    >
      <Head sheet={sheet} answered={answered} number={number} id={id} />
      <OwnKeyLine answered={answered} />
      <Explanation sheet={sheet} answered={answered} />
      <div class="asks">
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

/** Put the focus on a card's button and show its card, or on the page's title if the card is no longer there. */
function focusOn(id: string): void {
  const target = document.getElementById(id) ?? document.getElementById('page-title');
  target?.focus({ preventScroll: true });
  const card = target?.closest('li');
  if (card) bringIntoView(card);
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
      class={`ask ask-${part}`}
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
      <LearnButton answered={answered} photo={sheet.engine} />
      <Probabilities answered={answered} />
      {isWhole(answered) ? null : <Measurements answered={answered} />}
    </div>
  );
}
