/**
 * The result for a photo: its keys outlined and listed; save and share.
 *
 * In:    PhotoResult
 * Out:   a view
 * Needs: key-list.ts, outlines.ts, save.ts
 */

import { LIMITS } from '../core/causes';
import type { PhotoResult } from '../engine/protocol';
import { t } from '../words';
import { countText, isWhole } from './describe';
import { bitmapCanvas, button, el, stage } from './dom';
import { keyList } from './key-list';
import { createOutlines, drawOutlines } from './outlines';
import { annotatedImage, canShare, download, shareImage } from './save';

/** What the user can do here. */
export interface PhotoActions {
  openKey(index: number): void;
  choosePhoto(): void;
  openCamera(): void;
  reportError(error: unknown): void;
}

/** Return the number of keys, in words. */
export function summaryText(result: PhotoResult): string {
  return countText(result.keys, result.brightness < LIMITS.dark);
}

/** Return the view. */
export function photoView(result: PhotoResult, actions: PhotoActions): HTMLElement {
  const outlines = createOutlines(result.width, result.height);
  drawOutlines(outlines, result, result.keys, actions.openKey);
  const canvas = bitmapCanvas(
    result.bitmap,
    t(result.keys.some(isWhole) ? 'photo.image.any' : 'photo.image'),
  );
  const summary = summaryText(result);
  const withImage = (use: (image: Blob) => void | Promise<void>) => (): void =>
    void annotatedImage(result).then(use).catch(actions.reportError);
  return el(
    'section',
    { class: 'photo', 'aria-labelledby': 'photo-title' },
    el('h1', { id: 'photo-title', tabindex: '-1' }, t('photo.title')),
    stage(result.width, result.height, canvas, outlines),
    el(
      'div',
      { class: 'answers' },
      summary ? el('p', { class: 'count' }, summary) : null,
      keyList(result.keys, actions.openKey),
    ),
    el(
      'div',
      { class: 'bar' },
      button(t('photo.camera'), actions.openCamera, { class: 'main' }),
      button(t('photo.another'), actions.choosePhoto),
      button(t('photo.save'), withImage(download)),
      canShare() && button(t('photo.share'), withImage(shareImage)),
    ),
  );
}
