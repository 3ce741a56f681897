/**
 * Models and what is wrong with them, in words.
 *
 * In:    OwnModel; an error from opening one
 * Out:   texts
 * Needs: own-models.ts, words
 */

import { ModelError } from '../../core/model-error';
import { t, withDetails } from '../../words';
import { errorText } from '../error-text';
import { AddressError, type OwnModel } from '../own-models';

/** Return where a model is from. */
export function originText({ address }: OwnModel): string {
  return address === null ? t('model.fromDevice') : t('model.fromAddress', { address });
}

/** Return why a model cannot be used, and what to do. */
export function modelErrorText(error: unknown): string {
  if (error instanceof ModelError) return withDetails(t(`modelError.${error.problem}`), error);
  if (error instanceof AddressError) return t(`address.${error.problem}`, { why: error.message });
  return errorText(error);
}
