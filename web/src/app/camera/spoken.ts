/**
 * What a screen reader says while the camera runs: lasting answers, and hints.
 *
 * In:    a live session
 * Out:   announcements
 * Needs: notices.ts
 */

import { useSignalEffect } from '@preact/signals';
import type { SteadyKey } from '../../core';
import { announce } from '../../notices';
import { t } from '../../words';
import { kindLabel } from '../kinds/kinds';
import type { LiveSession } from './live-session';
import { hintText } from './pill';

/** Announce kinds when they change, without their percentages, which change all the time; and hints. */
export function useAnnouncements(session: LiveSession): void {
  useSignalEffect(() => {
    const text = kindsText(session.keys.value);
    if (text) announce(text);
  });
  useSignalEffect(() => {
    const hint = session.hint.value;
    if (hint) announce(hintText(hint));
  });
}

/** Return the kinds in view: "dimple", "dimple, cylinder, not sure". */
export function kindsText(keys: readonly SteadyKey[]): string {
  return keys.map(({ verdict }) => (verdict.kind ? kindLabel(verdict.kind) : t('key.notSure'))).join(', ');
}
