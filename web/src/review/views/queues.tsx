/**
 * The queues, each with what is open; the chosen one with its reason.
 *
 * In:    the desk
 * Out:   a navigation
 * Needs: context.ts
 */

import { Check } from 'lucide';
import type { JSX } from 'preact';
import { Icon } from '../../parts/icon';
import type { Queue } from '../api';
import { count, percent, plural } from '../format';
import { W } from '../words';
import { useDesk } from './context';
import { LookAgain } from './look-again';

/** The navigation. */
export function Queues(): JSX.Element {
  const desk = useDesk();
  const review = desk.review.value;
  return (
    <nav class="queues" aria-label={W.queues}>
      <ul>
        {review?.queues.map((queue) => (
          <li key={queue.id}>
            <Entry queue={queue} isShown={queue.id === desk.place.items.value?.queue} />
          </li>
        ))}
      </ul>
      {review ? <LookAgain /> : null}
      {review?.problems.length ? (
        <details class="problems">
          <summary>{W.problems(review.problems.length)}</summary>
          <ul>
            {review.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </details>
      ) : null}
    </nav>
  );
}

function Entry({ queue, isShown }: { readonly queue: Queue; readonly isShown: boolean }): JSX.Element {
  const desk = useDesk();
  const known =
    isShown && desk.place.items.value?.size.value != null ? desk.place.items.value.open.value : queue.open;
  const open = known || desk.unsavedIn(queue.id); // a queue is done once all is saved
  return (
    <button
      type="button"
      class={`queue ${queue.state}`}
      aria-current={isShown ? 'true' : undefined}
      onClick={() => void desk.openQueue(queue.id)}
    >
      <span class="queue-title">{queue.title}</span>
      <Count queue={queue} open={open} />
      {isShown ? <span class="queue-reason">{queue.reason}</span> : null}
    </button>
  );
}

function Count({ queue, open }: { readonly queue: Queue; readonly open: number }): JSX.Element {
  const { state, size, done, total } = queue;
  if (state === 'unavailable')
    return (
      <span class="queue-count off">
        {'\u2013'}
        <Said text={W.isUnavailable} />
      </span>
    );
  if (state === 'working' && !open)
    return (
      <span class="queue-count">
        {percent(total ? done / total : 0)}
        <Said text={W.isWorking} />
      </span>
    );
  if (!open)
    return (
      <span class={`queue-count ${size ? 'done' : ''}`}>
        {size ? <Icon of={Check} size={16} /> : '0'}
        <Said text={size ? W.isDone : ''} />
      </span>
    );
  return (
    <span class="queue-count" title={plural(open, 'open item')}>
      {count(open)}
    </span>
  );
}

function Said({ text }: { readonly text: string }): JSX.Element {
  return <span class="visually-hidden"> {text}</span>;
}
