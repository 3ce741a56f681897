/**
 * Where there is nothing to show: why, and the ways on.
 *
 * In:    a text; routes
 * Out:   an icon, the text, a button for each way
 * Needs: router.ts
 */

import type { IconNode } from 'lucide';
import { Camera, History, KeyRound, LibraryBig, SearchX } from 'lucide';
import type { JSX } from 'preact';
import { Icon } from '../../parts/icon';
import { type MessageKey, t } from '../../words';
import { hashOf, type Route } from '../router';

const WAYS = {
  camera: { to: { view: 'scan' }, label: 'home.camera', icon: Camera },
  history: { to: { view: 'history' }, label: 'nav.history', icon: History },
  kinds: { to: { view: 'kinds' }, label: 'kinds.title', icon: LibraryBig },
  myKeys: { to: { view: 'my-keys' }, label: 'myKeys.title', icon: KeyRound },
} as const satisfies Record<string, { to: Route; label: MessageKey; icon: IconNode }>;

interface DeadEndProps {
  readonly text: string;
  readonly ways: readonly (keyof typeof WAYS)[]; // the most likely one first
}

/** The explanation and the buttons. */
export function DeadEnd({ text, ways }: DeadEndProps): JSX.Element {
  return (
    <div class="nothing-yet">
      <Icon of={SearchX} size={56} />
      <p class="lead" role="alert">
        {text}
      </p>
      <div class="bar">
        {ways.map((way, i) => (
          <a key={way} class={i ? 'button' : 'button main'} href={hashOf(WAYS[way].to)}>
            <Icon of={WAYS[way].icon} size={20} />
            {t(WAYS[way].label)}
          </a>
        ))}
      </div>
    </div>
  );
}
