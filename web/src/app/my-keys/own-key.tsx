/**
 * On the card of a key: which of the user's keys it is, and learning it.
 *
 * In:    a key of an answer
 * Out:   a line and a link; nothing if the model has no features
 * Needs: recognition.ts, learning.ts
 */

import './my-keys.css';
import { KeyRound } from 'lucide';
import type { JSX } from 'preact';
import { MAX_PHOTOS } from '../../core/prototypes';
import type { EnginePhoto } from '../../engine/photo';
import { notify } from '../../notices';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import { useApp } from '../app';
import { hashOf, navigate } from '../router';
import type { StoredKey } from '../storage/entries';
import { addToDraft } from './draft';
import { learntFrom } from './learning';
import { myKeys, ownKey } from './recognition';

interface OwnKeyProps {
  readonly answered: StoredKey;
  readonly photo: EnginePhoto;
}

/** Which of the user's keys it is; nothing if none has been learnt. */
export function OwnKeyLine({ answered }: Pick<OwnKeyProps, 'answered'>): JSX.Element | null {
  const { running } = useApp();
  const mine = ownKey(answered.features, running.value?.card);
  if (mine === undefined || !answered.verdict.isKey) return null;
  return (
    <p class="own-key">
      <Icon of={KeyRound} size={18} />
      {mine ? (
        <a href={hashOf({ view: 'my-key', id: mine.id })}>{t('myKeys.isYours', { name: mine.name })}</a>
      ) : (
        <span class="secondary">{t('myKeys.isNone')}</span>
      )}
    </p>
  );
}

/** Begins to learn the key, or goes on with the one that is being learnt. */
export function LearnButton({ answered, photo }: OwnKeyProps): JSX.Element | null {
  const { reportError } = useApp();
  if (!answered.features || !answered.verdict.isKey) return null;
  const learn = async (): Promise<void> => {
    const isAdded = addToDraft(await learntFrom(photo, answered));
    if (!isAdded) notify(t('myKeys.tooMany', { max: MAX_PHOTOS, n: 1 }), 'error');
    navigate({ view: 'my-key', id: null });
  };
  return (
    <button type="button" class="wide" onClick={() => void learn().catch(reportError)}>
      <Icon of={KeyRound} size={18} />
      {t(myKeys.value.length ? 'myKeys.learnOther' : 'myKeys.learnThis')}
    </button>
  );
}
