/**
 * "Wrong?": the user says what a key is.
 *
 * In:    a key; the sheet
 * Out:   the kinds to choose from, "not a key"; the correction is stored with the answer and, as a photo, for training
 * Needs: sheet.ts, storage/corrections.ts
 */

import { Trash2, Undo2 } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import { kindLabel } from '../kinds/kinds';
import { Sketch } from '../parts/sketch';
import { NOT_A_KEY } from '../storage/corrections';
import type { StoredKey } from '../storage/entries';
import { kindOf } from './describe';
import { bringIntoView } from './into-view';
import type { Sheet } from './sheet';

const MAX_BUTTONS = 12; // kinds; more are in a list

interface WrongProps {
  readonly sheet: Sheet;
  readonly answered: StoredKey;
  readonly onDone: () => void;
}

/** The panel. */
export function Wrong({ sheet, answered, onDone }: WrongProps): JSX.Element {
  const { isBusy, run } = useAction(onDone, sheet.app.reportError);
  const group = useRef<HTMLFieldSetElement>(null);
  useEffect(() => {
    if (group.current) bringIntoView(group.current);
  }, []);
  useEffect(
    () => group.current?.querySelector<HTMLElement>('button, select')?.focus({ preventScroll: true }),
    [],
  );
  return (
    <fieldset class="wrong" ref={group} disabled={isBusy}>
      <legend>{t('answer.wrongTitle')}</legend>
      <Choices answered={answered} onChoose={(kind) => void run(() => sheet.correct(answered, kind))} />
      <div class="bar">
        <button
          type="button"
          class="no-key"
          onClick={() => void run(() => sheet.correct(answered, NOT_A_KEY))}
        >
          {t('answer.noKey')}
        </button>
        {answered.isMarked ? (
          <button type="button" onClick={() => void run(() => sheet.remove(answered))}>
            <Icon of={Trash2} size={18} />
            {t('answer.removeMark')}
          </button>
        ) : null}
        {answered.correction !== undefined ? (
          <button type="button" onClick={() => void run(() => sheet.undo(answered))}>
            <Icon of={Undo2} size={18} />
            {t('answer.undoCorrection')}
          </button>
        ) : null}
      </div>
      <p class="secondary">{t('answer.wrongText')}</p>
    </fieldset>
  );
}

/** What runs one action at a time, until one succeeds. */
interface Action {
  readonly isBusy: boolean;
  readonly run: (action: () => Promise<void>) => Promise<void>;
}

function useAction(onDone: () => void, reportError: (error: unknown) => void): Action {
  const [isBusy, setBusy] = useState(false);
  const isRunning = useRef(false); // known before the buttons are drawn as disabled: each click stores a photo
  const run = async (action: () => Promise<void>): Promise<void> => {
    if (isRunning.current) return;
    isRunning.current = true;
    setBusy(true);
    try {
      await action();
      onDone();
    } catch (error) {
      reportError(error);
    }
    isRunning.current = false;
    setBusy(false);
  };
  return { isBusy, run };
}

interface ChoicesProps {
  readonly answered: StoredKey;
  readonly onChoose: (kind: string) => void;
}

/** The kinds, the most probable first; many of them are in a list. */
function Choices({ answered, onChoose }: ChoicesProps): JSX.Element {
  const kinds = answered.verdict.probabilities.map(({ kind }) => kind);
  const Kinds = kinds.length <= MAX_BUTTONS ? KindButtons : KindList;
  return <Kinds kinds={kinds} shown={kindOf(answered)} onChoose={onChoose} />;
}

interface KindsProps {
  readonly kinds: readonly string[];
  readonly shown: string | null;
  readonly onChoose: (kind: string) => void;
}

function KindButtons({ kinds, shown, onChoose }: KindsProps): JSX.Element {
  return (
    <ul class="kind-choices">
      {kinds.map((kind) => (
        <li key={kind}>
          <button type="button" data-kind={kind} aria-pressed={kind === shown} onClick={() => onChoose(kind)}>
            <Sketch kind={kind} />
            {kindLabel(kind)}
          </button>
        </li>
      ))}
    </ul>
  );
}

function KindList({ kinds, shown, onChoose }: KindsProps): JSX.Element {
  const [chosen, setChosen] = useState(kinds.find((kind) => kind !== shown) ?? '');
  return (
    <div class="bar">
      <select
        aria-label={t('correct.kind')}
        value={chosen}
        onChange={({ currentTarget }) => setChosen(currentTarget.value)}
      >
        {kinds.map((kind) => (
          <option key={kind} value={kind}>
            {kindLabel(kind)}
          </option>
        ))}
      </select>
      <button type="button" onClick={() => onChoose(chosen)}>
        {t('answer.choose')}
      </button>
    </div>
  );
}
