/**
 * While the next photo is to be another one of a key that has an answer: what to do, and the ways on.
 *
 * In:    whether there is such a key
 * Out:   a bar: a photo is chosen, or the answer is shown again; the camera's shutter takes one
 * Needs: app.ts
 */

import { Check, ImageUp } from 'lucide';
import type { JSX } from 'preact';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import { useApp } from '../app';
import { chooseFiles } from '../incoming';

/** The bar; nothing if the next photo is for a new answer. */
export function NextPhoto(): JSX.Element | null {
  const app = useApp();
  if (!app.nextPhoto.value) return null;
  return (
    <section class="next-photo" aria-label={t('answer.again')}>
      <p>{t('answer.takeAnother')}</p>
      <div class="bar">
        <button
          type="button"
          onClick={() => chooseFiles('photo', false, (files) => void app.openFiles(files))}
        >
          <Icon of={ImageUp} size={20} />
          {t('home.choose')}
        </button>
        <button type="button" onClick={() => history.back()}>
          <Icon of={Check} size={20} />
          {t('answer.done')}
        </button>
      </div>
    </section>
  );
}
