/**
 * Where there is no photo to show: why, and the way on.
 *
 * In:    the desk
 * Out:   a text, and a button
 * Needs: context.ts
 */

import type { IconNode } from 'lucide';
import { CheckCheck, CircleSlash, Hourglass, Inbox } from 'lucide';
import type { JSX } from 'preact';
import { Icon } from '../../parts/icon';
import { W } from '../words';
import { useDesk } from './context';
import { Keys } from './shortcut';

/** The text. */
export function NothingHere(): JSX.Element | null {
  const desk = useDesk();
  const queue = desk.queue.value;
  if (!queue) return null;
  const size = desk.place.items.value?.size.value ?? 0;
  if (queue.state === 'unavailable')
    return <Text icon={CircleSlash} title={W.unavailable} text={queue.note} />;
  if (queue.state === 'working')
    return (
      <Text icon={Hourglass} title={W.working} text={queue.note || queue.reason}>
        <progress value={queue.done} max={Math.max(queue.total, 1)} aria-label={W.working} />
        <span class="secondary">{W.workingText(queue.done, queue.total)}</span>
      </Text>
    );
  if (!size) return <Text icon={Inbox} title={W.empty} text={queue.note || W.emptyText} isOver />;
  const unsaved = desk.unsavedIn(queue.id);
  const open = desk.place.items.value?.open.value ?? 0;
  if (open) return <Text icon={Inbox} title={W.atEnd} text={W.atEndText(open)} backTo={W.toOpen} />;
  if (unsaved) return <Text icon={Hourglass} title={W.atEnd} text={W.kept(unsaved)} isOver isKept />;
  return <Text icon={CheckCheck} title={W.finished} text={W.finishedText(size)} isOver />;
}

interface TextProps {
  readonly icon: IconNode;
  readonly title: string;
  readonly text: string;
  readonly isOver?: boolean; // the next queue is offered
  readonly isKept?: boolean; // decisions are not saved yet
  readonly backTo?: string;
  readonly children?: JSX.Element[];
}

function Text({ icon, title, text, isOver, isKept, backTo, children }: TextProps): JSX.Element {
  const desk = useDesk();
  const next = desk.nextQueue.value;
  return (
    <div class="nothing-yet">
      <Icon of={icon} size={48} />
      <h2>{title}</h2>
      <p>{text}</p>
      {children}
      {backTo ? (
        <button type="button" class="main" onClick={() => void desk.place.goToOpen(0)}>
          {backTo}
          <Keys>Enter</Keys>
        </button>
      ) : null}
      {isOver && next ? (
        <button type="button" class="main" onClick={() => void desk.openNextQueue()}>
          {W.nextQueue(next.title)}
          <Keys>Enter</Keys>
        </button>
      ) : null}
      {isOver && !next && !isKept ? <p class="secondary">{W.allDone}</p> : null}
    </div>
  );
}
