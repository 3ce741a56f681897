/**
 * Errors in words.
 *
 * In:    anything that was thrown
 * Out:   text for the user: what happened and what to do, then the technical details, which are in English
 * Needs: words, storage/text.ts
 */

import { PhotoError } from '../engine/protocol';
import { t, withDetails } from '../words';
import { StorageError } from './storage/problem';
import { storageErrorText } from './storage/text';

/** No model could be loaded: there is nothing to read photos with. */
export class NoModelError extends Error {
  constructor() {
    super('no model is loaded');
  }
}

/** Return what went wrong, and what the user can do. */
export function errorText(error: unknown): string {
  if (error instanceof PhotoError && error.problem !== 'closed') return t(`error.${error.problem}`);
  if (error instanceof StorageError) return storageErrorText(error);
  if (error instanceof NoModelError) return t('error.noModel');
  return withDetails(t('error.other'), error);
}
