/**
 * The top: the folder, the queue's progress, undo, training, help.
 *
 * In:    the desk
 * Out:   a header
 * Needs: context.ts
 */

import { CircleHelp, Expand, type IconNode, Search, Shrink, Sparkles, Undo2 } from 'lucide';
import type { JSX } from 'preact';
import { Icon } from '../../parts/icon';
import { count } from '../format';
import { run } from '../state/commands';
import type { PlainCommand } from '../state/shortcuts';
import { W } from '../words';
import { useDesk } from './context';
import { Keys } from './shortcut';

const ICON = 18; // px

/** The header. */
export function TopBar(): JSX.Element {
  const desk = useDesk();
  const review = desk.review.value;
  return (
    <header class="top">
      <h1>
        <span class="secondary">{W.title}</span> {review ? folderName(review.folder) : ''}
      </h1>
      <QueueMenu />
      <Progress />
      <div class="top-actions">
        <UndoButton />
        <TrainButton />
        <Tool icon={Search} name={W.find} shortcut="/" command="find" />
        <Tool
          icon={desk.isFull.value ? Shrink : Expand}
          name={desk.isFull.value ? W.leaveFull : W.full}
          shortcut="f"
          command="full"
          class="full-button"
        />
        <Tool icon={CircleHelp} name={W.helpButton} shortcut="?" command="help" />
      </div>
    </header>
  );
}

function UndoButton(): JSX.Element {
  const desk = useDesk();
  const undoable = desk.outbox.undoable.value;
  return (
    <button type="button" disabled={!undoable} title={W.undoCount(undoable)} onClick={() => desk.undo()}>
      <Icon of={Undo2} size={ICON} />
      <span class="wide">{W.undo}</span>
      {undoable ? <span class="badge">{count(undoable)}</span> : null}
      <Keys>u</Keys>
    </button>
  );
}

interface ToolProps {
  readonly icon: IconNode;
  readonly name: string;
  readonly shortcut: string;
  readonly command: PlainCommand;
  readonly class?: string;
}

function Tool({ icon, name, shortcut, command, class: className = '' }: ToolProps): JSX.Element {
  const desk = useDesk();
  return (
    <button
      type="button"
      class={`icon-button ${className}`}
      aria-label={name}
      title={`${name} (${shortcut})`}
      onClick={() => run(desk, { do: command })}
    >
      <Icon of={icon} size={ICON} />
    </button>
  );
}

function TrainButton(): JSX.Element {
  const desk = useDesk();
  const { training } = desk;
  const start = (): void => {
    desk.dialog.value = 'train';
  };
  if (training.now.value.state === 'finished' && !training.now.value.decision) return <ResultButton />;
  return (
    <button
      type="button"
      class="train"
      disabled={training.isRunning.value || training.isBusy.value || !desk.review.value}
      onClick={start}
    >
      <Icon of={Sparkles} size={ICON} />
      {desk.review.value?.run ? W.train : W.trainFirst}
    </button>
  );
}

/** A result that waits for a decision, without which there is no other training. */
function ResultButton(): JSX.Element {
  const desk = useDesk();
  const open = (): void => {
    desk.training.isHidden.value = false;
    if (desk.training.now.value.result) desk.dialog.value = 'result';
  };
  return (
    <button type="button" class="train main" onClick={open}>
      <Icon of={Sparkles} size={ICON} />
      {W.seeResult}
    </button>
  );
}

/** How far the queue is. */
function Progress(): JSX.Element | null {
  const desk = useDesk();
  const [review, items] = [desk.review.value, desk.place.items.value];
  const size = items?.size.value ?? 0;
  const queue = desk.queue.value;
  if (!review || !items) return null;
  const open = items.open.value;
  return (
    <div class="progress">
      <progress value={size - open} max={Math.max(size, 1)} aria-label={W.progress} />
      <span class="progress-text">
        <span>
          {W.openOf(open, size)}
          {queue?.state === 'working' ? `, ${W.stillWorking(queue.done, queue.total)}` : ''}
        </span>
        <span class="secondary">{W.decided(review.decided, review.photos)}</span>
      </span>
    </div>
  );
}

/** The queues of a narrow window. */
function QueueMenu(): JSX.Element | null {
  const desk = useDesk();
  const queues = desk.review.value?.queues ?? [];
  if (!queues.length) return null;
  return (
    <select
      class="queue-menu"
      aria-label={W.queues}
      value={desk.place.items.value?.queue ?? ''}
      onChange={({ currentTarget }) => {
        void desk.openQueue(currentTarget.value);
        currentTarget.blur(); // the arrow keys are for the photos again
      }}
    >
      {queues.map(({ id, title, open }) => (
        <option key={id} value={id}>
          {W.queueOption(title, open)}
        </option>
      ))}
    </select>
  );
}

function folderName(path: string): string {
  return path.split(/[/\\]/).filter(Boolean).at(-1) ?? path;
}
