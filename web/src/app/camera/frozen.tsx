/**
 * The answer of a frozen picture: a card that slides up, to open its details or to go on scanning.
 *
 * In:    a live session whose picture is frozen
 * Out:   elements
 * Needs: live-session.ts
 */

import { ChevronRight } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { announce } from '../../notices';
import { Icon } from '../../parts/icon';
import { formatProbability, t } from '../../words';
import { kindLabel } from '../kinds/kinds';
import { Sketch } from '../parts/sketch';
import { navigate } from '../router';
import type { Frozen, LiveSession } from './live-session';

/** What is said of a key. */
interface Said {
  readonly kind: string | null; // null: not known
  readonly probability: number;
}

/** The card. */
export function FrozenCard({ session }: { readonly session: LiveSession }): JSX.Element | null {
  const card = useRef<HTMLElement>(null);
  const frozen = session.frozen.value;
  useEffect(() => {
    if (frozen) announce(t('camera.frozen', { answer: saidOf(frozen).map(textOf).join(', ') }));
    card.current?.focus({ preventScroll: true });
  }, []);
  if (!frozen) return null;
  return (
    <section class="answer-card" aria-label={t('camera.answer')} tabIndex={-1} ref={card}>
      <ul>
        {saidOf(frozen).map((said, i) => (
          <li key={i}>
            {said.kind === null ? null : <Sketch kind={said.kind} />}
            <strong>{said.kind === null ? t('key.notSure') : kindLabel(said.kind)}</strong>
            {said.kind === null ? null : <span class="share">{formatProbability(said.probability)}</span>}
          </li>
        ))}
      </ul>
      <div class="choices">
        <button type="button" onClick={() => session.keepScanning()}>
          {t('camera.continue')}
        </button>
        <button type="button" class="main" onClick={() => navigate({ view: 'answer', id: frozen.answer.id })}>
          {t('camera.details')}
          <Icon of={ChevronRight} size={20} />
        </button>
      </div>
    </section>
  );
}

/** Return the kinds in the photo as soon as it is answered, until then those of the frames before it. */
function saidOf({ answer, keys }: Frozen): Said[] {
  if (answer.status.value !== 'done')
    return keys.flatMap(({ verdict, percent }) =>
      verdict.kind === null ? [] : [{ kind: verdict.kind, probability: percent / 100 }],
    );
  return (answer.entry.value?.photos[0]?.keys ?? []).flatMap(({ verdict }) =>
    verdict.isKey ? [{ kind: verdict.kind, probability: verdict.probability }] : [],
  );
}

function textOf({ kind, probability }: Said): string {
  if (kind === null) return t('key.notSure');
  return t('key.answer', { kind: kindLabel(kind), probability: formatProbability(probability) });
}
