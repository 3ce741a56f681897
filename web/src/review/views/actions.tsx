/**
 * What can be decided: the main button, and the others, each with its key.
 *
 * In:    the desk
 * Out:   buttons that depend on what is shown
 * Needs: context.ts, state/
 */

import type { JSX } from 'preact';
import { isLeak, UNSURE } from '../state/changes';
import { CHOOSE, run } from '../state/commands';
import type { Desk } from '../state/desk';
import { canMark } from '../state/draft';
import type { PlainCommand } from '../state/shortcuts';
import { W } from '../words';
import { useDesk } from './context';
import { PairKinds } from './pair-kinds';
import { Keys } from './shortcut';

interface Action {
  readonly command: PlainCommand;
  readonly name: string;
  readonly title?: string; // what it does, where the name is short
  readonly key: string;
  readonly isOff?: boolean;
}

/** The buttons. */
export function Actions(): JSX.Element {
  const desk = useDesk();
  const primary = desk.primary.value;
  const mode = desk.mode.value;
  const hint = mode === 'keys' ? hintOf(desk) : mode === 'group' && !primary ? CHOOSE.group : primary?.why;
  return (
    <div class="actions">
      {hint ? <p class="hint">{hint}</p> : null}
      {mode === 'group' && !primary ? <PairKinds /> : <Primary />}
      <div class="more-actions">
        {actionsOf(desk).map(({ command, name, title, key, isOff }) => (
          <button
            key={command}
            type="button"
            disabled={isOff}
            title={title}
            aria-keyshortcuts={key === 'Esc' ? 'Escape' : key === 'Del' ? 'Delete' : key}
            onClick={() => run(desk, { do: command })}
          >
            <span>{name}</span>
            <Keys>{key}</Keys>
          </button>
        ))}
      </div>
    </div>
  );
}

/** The main button. */
function Primary(): JSX.Element {
  const desk = useDesk();
  const primary = desk.primary.value;
  return (
    <button
      type="button"
      class="main primary"
      disabled={!primary}
      aria-keyshortcuts="Enter"
      onClick={() => run(desk, { do: 'primary' })}
    >
      <span>{primary?.name ?? CHOOSE[desk.mode.value]}</span>
      {primary ? <Keys>Enter</Keys> : null}
    </button>
  );
}

const EXCLUDE: Action = { command: 'exclude', name: W.exclude, key: 'x' };
const OUT_FOR_NOW: Action = { command: 'unsure', name: W.leaveOut(UNSURE).name, key: '0' };

function actionsOf(desk: Desk): readonly Action[] {
  if (desk.mode.value === 'keys') return keyActions(desk);
  if (desk.mode.value === 'group') return groupActions(desk);
  const [photo] = desk.place.shown.value ?? [];
  const keep = photo?.kind ? W.keepKind(photo.kind).name : '';
  const actions: Action[] = [EXCLUDE, OUT_FOR_NOW];
  if (keep && keep !== desk.primary.value?.name)
    actions.unshift({ command: 'confirm', name: W.keep, title: keep, key: 'c' });
  if (photo && canMark(photo)) actions.push({ command: 'mark', name: W.mark, key: 'm' });
  actions.push({ command: 'name-key', name: W.nameKey, key: 'k' });
  return actions;
}

function groupActions(desk: Desk): readonly Action[] {
  const actions: Action[] = [
    { command: 'same', name: W.same.name, key: 's' },
    { command: 'different', name: W.different.name, key: 'd' },
    EXCLUDE,
  ];
  if (desk.review.value?.has_splits && isLeak(desk.place.shown.value ?? []))
    actions.push({ command: 'to-test', name: W.toTest.name, key: 't' });
  return actions;
}

function keyActions(desk: Desk): readonly Action[] {
  const draft = desk.draft.value;
  const isNone = !draft?.keys.length;
  const actions: Action[] = [
    { command: 'add-key', name: W.addKey, key: 'm' },
    { command: 'delete-key', name: W.deleteKey, key: 'Del', isOff: isNone && !draft?.start },
    { command: 'no-key', name: W.noKey.name, key: 'n' },
    { command: 'swap', name: W.swapEnds, key: 'r', isOff: isNone },
    { command: 'next-key', name: W.nextKey, key: 'k', isOff: (draft?.keys.length ?? 0) < 2 },
    EXCLUDE,
  ];
  if (desk.isMarking.value) actions.push({ command: 'escape', name: W.stopMarking, key: 'Esc' });
  return actions;
}

function hintOf(desk: Desk): string {
  const draft = desk.draft.value;
  if (draft?.start) return W.tapTip;
  if (draft?.isAdding || !draft?.keys.length) return W.tapHead;
  return draft.selected === null ? W.tapMore : W.keySelected;
}
