/**
 * A key that is being learnt: it lasts until it is saved, so that an answer or another view can add to it.
 *
 * In:    names, photos
 * Out:   signals
 * Needs: @preact/signals
 */

import { signal } from '@preact/signals';
import type { Learnt } from './learning';

export const draftName = signal('');
export const draftPhotos = signal<readonly Learnt[]>([]);

/** Add a photo that was learnt from. */
export function addToDraft(learnt: Learnt): void {
  draftPhotos.value = [...draftPhotos.value, learnt];
}

/** Forget the draft. */
export function clearDraft(): void {
  draftName.value = '';
  draftPhotos.value = [];
}
