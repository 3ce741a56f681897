/**
 * What the user can do with the photo and the whole answer.
 *
 * In:    the sheet
 * Out:   buttons: share, save, copy; mark a key; another photo
 * Needs: save.ts, sheet.ts
 */

import { Camera, Copy, Download, Image, Plus, Share2 } from 'lucide';
import type { JSX } from 'preact';
import { LIMITS } from '../../core/causes';
import { announce, clearPassing, notify } from '../../notices';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import { useApp } from '../app';
import { chooseFiles } from '../incoming';
import { download } from '../parts/download';
import { hashOf } from '../router';
import { isWhole } from './describe';
import { annotatedImage, answerAsText, canShare, fileName, share } from './save';
import type { Sheet } from './sheet';

/** The buttons beside the title. */
export function HeaderActions({ sheet }: { readonly sheet: Sheet }): JSX.Element {
  const { reportError } = sheet.app;
  const withImage = (use: (image: Blob) => void | Promise<void>) => (): void => {
    const photo = sheet.photo.value;
    if (photo) void annotatedImage(photo, sheet.keys.value).then(use).catch(reportError);
  };
  return (
    <div class="header-actions">
      {canShare() ? (
        <button
          type="button"
          class="icon-button"
          aria-label={t('photo.share')}
          onClick={withImage((image) => share(image, textOf(sheet)))}
        >
          <Icon of={Share2} size={22} />
        </button>
      ) : null}
      <button
        type="button"
        class="icon-button"
        aria-label={t('photo.save')}
        onClick={withImage((image) => download(image, fileName()))}
      >
        <Icon of={Download} size={22} />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={t('answer.copy')}
        onClick={() => void copy(sheet)}
      >
        <Icon of={Copy} size={22} />
      </button>
    </div>
  );
}

/** The buttons below the cards. */
export function PhotoActions({ sheet }: { readonly sheet: Sheet }): JSX.Element {
  const app = useApp();
  const choose = (): void => chooseFiles('photo', true, (files) => void app.openFiles(files));
  const isDone = sheet.answer.status.value === 'done';
  const canMark = isDone && sheet.isOfModel.value && app.running.value?.card.crop === 'key';
  const isSeveral = (sheet.answer.entry.value?.photos.length ?? 1) > 1;
  const mark = (): void => {
    sheet.mode.value = 'mark';
    clearPassing(); // notices would lie over the controls
    document.querySelector('.viewer')?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <div class="photo-actions">
      {canMark && !isSeveral && !sheet.keys.value.some(isWhole) ? (
        <button type="button" class="mark-key" onClick={mark}>
          <Icon of={Plus} size={20} />
          {t('answer.mark')}
        </button>
      ) : null}
      <button type="button" onClick={choose}>
        <Icon of={Image} size={20} />
        {t('photo.another')}
      </button>
      <a class="button" href={hashOf({ view: 'scan' })}>
        <Icon of={Camera} size={20} />
        {t('photo.camera')}
      </a>
    </div>
  );
}

function textOf({ photo, keys }: Sheet): string {
  const { value } = photo;
  return value ? answerAsText(value, keys.value, value.brightness < LIMITS.dark) : '';
}

async function copy(sheet: Sheet): Promise<void> {
  try {
    await navigator.clipboard.writeText(textOf(sheet));
    notify(t('answer.copied'), 'ready');
  } catch (error) {
    announce('');
    sheet.app.reportError(error);
  }
}
