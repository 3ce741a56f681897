/**
 * A photo that was looked at: its keys outlined and listed; saved and shared.
 *
 * In:    Still
 * Out:   a view
 * Needs: outlines.ts, keylist.ts, save.ts
 */

import { LIMITS } from '../core/causes';
import type { Still } from '../engine/protocol';
import { say } from '../words';
import { countOf } from './answers';
import { button, el, pictureOf, stage } from './dom';
import { keyList } from './keylist';
import { drawInto, drawing } from './outlines';
import { annotated, canShare, save, share } from './save';

/** What the view can do for the page. */
export interface StillHost {
  opened(key: number): void;
  another(): void;
  camera(): void;
  fault(error: unknown): void;
}

/** Return the words that tell of all of it. */
export function summaryOf(still: Still): string {
  return countOf(still.keys, still.brightness < LIMITS.dark);
}

/** Return the view of a photo. */
export function stillView(still: Still, host: StillHost): HTMLElement {
  const over = drawing(still.width, still.height);
  drawInto(over, still, still.keys, host.opened);
  const picture = pictureOf(still.picture, say('still.picture'));
  const made = () => annotated(still);
  const trying = (work: Promise<unknown>) => void work.catch(host.fault);
  return el(
    'section',
    { class: 'still', 'aria-labelledby': 'still-title' },
    el('h1', { id: 'still-title', tabindex: '-1' }, say('still.title')),
    stage(still.width, still.height, picture, over),
    el(
      'div',
      { class: 'answers' },
      el('p', { class: 'count' }, summaryOf(still)),
      keyList(still.keys, host.opened),
    ),
    el(
      'div',
      { class: 'bar' },
      button(say('still.camera'), host.camera, { class: 'main' }),
      button(say('still.back'), host.another),
      button(say('still.save'), () => trying(made().then(save))),
      canShare() && button(say('still.share'), () => trying(made().then(share))),
    ),
  );
}
