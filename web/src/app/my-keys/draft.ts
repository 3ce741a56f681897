/**
 * A key that is being learnt: it lasts until it is saved, so that an answer or another view can add to it.
 *
 * In:    names, photos
 * Out:   signals
 * Needs: @preact/signals
 */

import { signal } from '@preact/signals';
import { MAX_PHOTOS } from '../../core/prototypes';
import type { Learnt } from './learning';

export const draftName = signal('');
export const draftPhotos = signal<readonly Learnt[]>([]);

/** Add a photo that was learnt from; return whether there was room for it. */
export function addToDraft(learnt: Learnt): boolean {
  if (draftPhotos.value.length >= MAX_PHOTOS) return false;
  draftPhotos.value = [...draftPhotos.value, learnt];
  return true;
}

/** Forget the draft. */
export function clearDraft(): void {
  draftName.value = '';
  draftPhotos.value = [];
}
