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
import { formatPercent, t } from '../../words';
import { kindLabel } from '../kinds/kinds';
import { announce } from '../notices';
import { Icon } from '../parts/icon';
import { Sketch } from '../parts/sketch';
import { navigate } from '../router';
import type { Frozen, LiveSession } from './live-session';

/** What is said of a key. */
interface Said {
  readonly kind: string;
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
            <Sketch kind={said.kind} />
            <strong>{kindLabel(said.kind)}</strong>
            <span class="share">{formatPercent(said.probability)}</span>
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

/** Return the answers of the photo as soon as they are there, until then those of the frames before it. */
function saidOf({ answer, keys }: Frozen): Said[] {
  const live = keys.flatMap(({ verdict, percent }) =>
    verdict.kind === null ? [] : [{ kind: verdict.kind, probability: percent / 100 }],
  );
  const photo = (answer.entry.value?.photos[0]?.keys ?? []).flatMap(({ verdict }) =>
    verdict.isKey && verdict.kind !== null ? [{ kind: verdict.kind, probability: verdict.probability }] : [],
  );
  return isSameKinds(photo, live) ? photo : live;
}

function textOf({ kind, probability }: Said): string {
  return t('key.answer', { kind: kindLabel(kind), probability: formatPercent(probability) });
}

/** Return whether a photo shows the same kinds as the frames before it, in any order. */
function isSameKinds(photo: readonly Said[], live: readonly Said[]): boolean {
  const names = (said: readonly Said[]): string =>
    said
      .map(({ kind }) => kind)
      .sort()
      .join();
  return names(photo) === names(live);
}
