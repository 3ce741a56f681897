/**
 * What goes wrong, above the photo: the server is gone, a decision is refused; and passing notices.
 *
 * In:    the desk
 * Out:   bars with what to do
 * Needs: notices.ts
 */

import { X } from 'lucide';
import type { JSX } from 'preact';
import { closeNotice, notices } from '../../notices';
import { Icon } from '../../parts/icon';
import { FORBIDDEN, NO_ANSWER } from '../api';
import type { Desk } from '../state/desk';
import type { Failure } from '../state/outbox';
import { W } from '../words';
import { useDesk } from './context';

/** The bars. */
export function Banners(): JSX.Element {
  const desk = useDesk();
  const trouble = troubleOf(desk);
  const conflicts = desk.outbox.conflicts.value.length;
  return (
    <div class="banners">
      {trouble ? (
        <div class="banner" role="alert">
          <p>
            <strong>{trouble.title}</strong> {trouble.text}
          </p>
          <button type="button" onClick={() => desk.retry()}>
            {W.retry}
          </button>
          {trouble.drop ? (
            <button type="button" onClick={() => desk.outbox.drop()}>
              {trouble.drop}
            </button>
          ) : null}
        </div>
      ) : null}
      {conflicts ? (
        <div class="banner" role="alert">
          <p>{W.conflicts(conflicts)}</p>
          <button
            type="button"
            onClick={() => {
              desk.dialog.value = 'conflict';
            }}
          >
            {W.compare}
          </button>
        </div>
      ) : null}
      {notices.value.map((shown) => (
        <div class="banner notice" role="alert" key={shown.message}>
          <p>{shown.message}</p>
          <button type="button" class="icon-button" aria-label={W.close} onClick={() => closeNotice(shown)}>
            <Icon of={X} size={18} />
          </button>
        </div>
      ))}
    </div>
  );
}

const UNPROCESSABLE = 422; // HTTP's status for what is sent or stored in a wrong form

interface Trouble {
  readonly title: string;
  readonly text: string;
  readonly drop: string | null; // what the button that gives a decision up says
}

function troubleOf(desk: Desk): Trouble | null {
  const unsent = desk.outbox.failure.value;
  const failure = unsent ?? desk.connection.failure.value;
  if (!failure) return null;
  const { status, message } = failure;
  const count = desk.outbox.pending.value.length;
  const kept = count ? W.kept(count) : '';
  if (status === NO_ANSWER) return { title: W.gone, text: `${kept} ${W.goneText}`, drop: null };
  if (status === FORBIDDEN) return { title: W.foreign, text: `${W.foreignText} ${kept}`, drop: null };
  if (!unsent) return { title: '', text: message, drop: null };
  const drop = unsent.isRefused ? dropText(desk) : null;
  const title = isUnreadable(unsent) ? W.unreadable : W.refused;
  return { title: unsent.isRefused ? title : W.serverFailed, text: `${sentence(message)} ${kept}`, drop };
}

/** Return whether the server refuses decisions because of what is in labels.csv. */
function isUnreadable({ status, message }: Failure): boolean {
  return status === UNPROCESSABLE && message.includes('labels.csv') && !message.includes('cannot be written');
}

/** Return which decision would be given up, and how many wait behind it. */
function dropText(desk: Desk): string {
  const [first, ...others] = desk.outbox.pending.value;
  const [photo] = first?.type === 'decision' ? first.decision.before : [];
  return W.drop(photo?.name ?? null, others.length);
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
