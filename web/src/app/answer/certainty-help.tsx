/**
 * What the words for how sure an answer is mean.
 *
 * In:    nothing
 * Out:   a button that opens a list of the words
 * Needs: certainty.ts
 */

import { CircleHelp } from 'lucide';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from '../../parts/dialog';
import { Icon } from '../../parts/icon';
import { formatPercent, t } from '../../words';
import { CERTAINTIES, certaintyWord, LEAST } from './certainty';

/** The button. */
export function CertaintyHelp(): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        class="icon-button small"
        aria-label={t('answer.certaintyHelp')}
        onClick={() => setOpen(true)}
      >
        <Icon of={CircleHelp} size={16} />
      </button>
      {isOpen ? (
        <Dialog
          title={t('answer.certaintyHelp')}
          close={t('detail.close')}
          class="certainty-help"
          onClose={() => setOpen(false)}
        >
          <p>{t('answer.certaintyText')}</p>
          <dl>
            {CERTAINTIES.map((certainty) => (
              <div key={certainty}>
                <dt>{certaintyWord(certainty)}</dt>
                <dd>
                  {LEAST[certainty] > 0
                    ? t('answer.from', { probability: formatPercent(LEAST[certainty]) })
                    : t('answer.below', { probability: formatPercent(LEAST.veryLikely) })}
                </dd>
              </div>
            ))}
          </dl>
        </Dialog>
      ) : null}
    </>
  );
}
