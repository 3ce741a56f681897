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
          {trouble.canDrop ? (
            <button type="button" onClick={() => desk.outbox.drop()}>
              {W.drop}
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

interface Trouble {
  readonly title: string;
  readonly text: string;
  readonly canDrop: boolean;
}

function troubleOf(desk: Desk): Trouble | null {
  const unsent = desk.outbox.failure.value;
  const failure = unsent ?? desk.connection.failure.value;
  if (!failure) return null;
  const { status, message } = failure;
  const count = desk.outbox.pending.value.length;
  const kept = count ? W.kept(count) : '';
  if (status === NO_ANSWER) return { title: W.gone, text: `${W.goneText} ${kept}`, canDrop: false };
  if (status === FORBIDDEN) return { title: W.foreign, text: `${W.foreignText} ${kept}`, canDrop: false };
  const title = unsent?.isRefused ? W.refused : W.startFailed;
  return { title: unsent ? title : '', text: `${message} ${kept}`, canDrop: unsent?.isRefused ?? false };
}
