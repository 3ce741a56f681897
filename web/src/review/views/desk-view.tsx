/**
 * The whole page: the keyboard, and where everything is.
 *
 * In:    the desk
 * Out:   the document
 * Needs: the views of this folder
 */

import { Shrink } from 'lucide';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import { run } from '../state/commands';
import { pressForCross } from '../state/cross';
import type { Desk } from '../state/desk';
import { isShown, said } from '../state/said';
import { commandOf } from '../state/shortcuts';
import { W } from '../words';
import { Banners } from './banners';
import { useDesk } from './context';
import { Dialogs } from './dialogs';
import { Panel } from './panel';
import { Queues } from './queues';
import { Stage } from './stage';
import { Strip } from './strip';
import { TopBar } from './top-bar';
import { TrainingCard } from './training-card';

/** The page. */
export function DeskView(): JSX.Element {
  const desk = useDesk();
  useEffect(() => listen(desk), []);
  const title = desk.queue.value?.title;
  useEffect(() => {
    document.title = title ? W.pageTitle(title) : W.title;
  }, [title]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only keeps the focus where it is
    <div class={`desk ${desk.isFull.value ? 'full' : ''}`} onMouseDown={keepFocus}>
      <TopBar />
      <Queues />
      <main id="main">
        <Banners />
        <Stage />
        <Said />
        {desk.isFull.value ? <LeaveFull /> : null}
        <Strip />
      </main>
      <aside class="side">
        <TrainingCard />
        <Panel />
      </aside>
      <Dialogs />
    </div>
  );
}

/** What the last command did, over the photo; where the page now is, for screen readers. */
function Said(): JSX.Element {
  const { shown, rest } = said.value;
  const isOver = !shown || !isShown.value;
  return (
    <div class={`said ${isOver ? 'over' : ''}`} aria-live="polite" role="status">
      {shown ? <span>{shown}</span> : null}
      {rest ? <span class="visually-hidden"> {rest}</span> : null}
    </div>
  );
}

/** The way back for mouse and touch. */
function LeaveFull(): JSX.Element {
  const desk = useDesk();
  return (
    <button
      type="button"
      class="icon-button over-photo leave-full"
      aria-label={W.leaveFull}
      title={`${W.leaveFull} (f)`}
      onClick={() => run(desk, { do: 'full' })}
    >
      <Icon of={Shrink} size={18} />
    </button>
  );
}

/** A click takes no focus: Enter stays the main decision, and does not repeat the button that was clicked last. */
function keepFocus(event: MouseEvent): void {
  const { target } = event;
  if (target instanceof Element && target.closest('button') && !target.closest('dialog'))
    event.preventDefault();
}

function listen(desk: Desk): () => void {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || isForElement(event)) return;
    if (pressForCross(desk, event)) {
      event.preventDefault();
      return;
    }
    const command = commandOf(event, desk.mode.peek(), desk.review.peek()?.kinds ?? []);
    if (!command) return;
    event.preventDefault();
    run(desk, command);
  };
  const onLeave = (event: BeforeUnloadEvent): void => {
    if (desk.outbox.pending.peek().length || desk.outbox.conflicts.peek().length) event.preventDefault();
  };
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') void desk.refresh();
  };
  document.addEventListener('keydown', onKeyDown);
  window.addEventListener('beforeunload', onLeave);
  document.addEventListener('visibilitychange', onVisible);
  return () => {
    document.removeEventListener('keydown', onKeyDown);
    window.removeEventListener('beforeunload', onLeave);
    document.removeEventListener('visibilitychange', onVisible);
  };
}

/** Return whether a key press belongs to the element with the focus: a dialog, a field, a button that Enter presses. */
function isForElement({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (document.querySelector('dialog[open]') || target.closest('input, textarea, select')) return true;
  return (key === 'Enter' || key === ' ') && target.closest('button, a, summary') !== null;
}
