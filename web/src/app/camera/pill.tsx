/**
 * The one line over the camera's picture: how far the models are loaded, the hint, or what to point at.
 *
 * In:    a live session
 * Out:   elements
 * Needs: hint.ts, loading.tsx
 */

import type { JSX } from 'preact';
import type { Hint } from '../../core';
import { formatProbability, t } from '../../words';
import { useApp } from '../app';
import { kindLabel } from '../kinds/kinds';
import type { LiveSession } from './live-session';
import { Loading } from './loading';

/** Return what to do, in words. */
export function hintText(hint: Hint): string {
  return t(`camera.hint.${hint}`);
}

/** The line. Screen readers hear it as an announcement. */
export function Pill({ session }: { readonly session: LiveSession }): JSX.Element | null {
  const { running } = useApp();
  if (session.frozen.value) return null;
  if (!running.value)
    return (
      <div class="pill">
        <Loading />
      </div>
    );
  const text = lineOf(session);
  return text ? (
    <p class="pill" key={text} aria-hidden="true">
      {text}
    </p>
  ) : null;
}

/** The class of the whole picture, for models that do not look for keys. */
export function WholeAnswer({ session }: { readonly session: LiveSession }): JSX.Element | null {
  const [key] = session.keys.value;
  if (!key || key.head !== null || session.frozen.value) return null;
  const { kind } = key.verdict;
  return (
    <p class={`whole-answer ${kind === null ? 'unsure' : 'sure'}`} aria-hidden="true">
      {kind === null
        ? t('key.notSure')
        : t('key.answer', { kind: kindLabel(kind), probability: formatProbability(key.percent / 100) })}
    </p>
  );
}

function lineOf({ hint, keys, isReading }: LiveSession): string {
  if (hint.value) return hintText(hint.value);
  if (!isReading.value) return t('load.start');
  return keys.value.length === 0 ? t('camera.aim') : '';
}
