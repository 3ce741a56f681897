/**
 * Another photo of a key that has an answer.
 *
 * In:    the sheet, the key, a photo
 * Out:   the answer of all photos: the same one, or a new one if its photo shows other keys as well; its card has the focus
 * Needs: answers.ts, combining.ts
 */

import type { Point } from '../../core';
import type { Contribution } from '../../core/combine';
import { announce } from '../../notices';
import { formatProbability, t } from '../../words';
import { errorText } from '../error-text';
import { kindLabel } from '../kinds/kinds';
import { navigate } from '../router';
import type { Entry, StoredKey } from '../storage/entries';
import { type Problem, type Rule, stepsOf, withPhoto } from './combining';
import { isKey } from './describe';
import type { Sheet } from './sheet';

const PROBLEMS: Readonly<Record<Problem, 'answer.noneIn' | 'answer.differentIn'>> = {
  none: 'answer.noneIn',
  different: 'answer.differentIn',
};

const MIDDLE: Point = [0.5, 0.5]; // of the photo: the key that is nearest is the only one

/** Add a photo of a key; return why it is refused, empty if it is not. */
export async function addPhotoOf(sheet: Sheet, key: StoredKey, file: Blob): Promise<string> {
  const { answers } = sheet.app;
  const { rule } = sheet;
  try {
    const added = await answers.read(file);
    const { entry, photoIndex } = sheet;
    const result = withPhoto(entry, [photoIndex.value, key], added, rule);
    if ('problem' in result) return t(PROBLEMS[result.problem]);
    const others = entry.photos.length > 1 ? 0 : (entry.photos[0]?.keys.filter(isKey).length ?? 1) - 1;
    announce(addedText(result.entry, rule));
    const isNew = others > 0;
    const { id } = isNew ? await answers.create(result.entry) : entry;
    if (!isNew) await answers.addPhoto(sheet.answer, added, { ...result.entry, id });
    sheet.app.tapped.value = { id, at: MIDDLE };
    if (isNew) navigate({ view: 'answer', id });
    return '';
  } catch (error) {
    return errorText(error);
  }
}

/** Return in words what the last photo changed: "Photo added. dimple: 94% with this photo, 71% without it". */
export function addedText(entry: Pick<Entry, 'photos' | 'combined'>, rule: Rule): string {
  const step = stepsOf(entry, rule).at(-1);
  const added = t('answer.photoAdded');
  return step && entry.combined ? `${added}. ${spokenStep(entry.combined.best, step)}` : added;
}

/** Return what a photo changed, for screen readers, which would name the arrow; empty for the first photo. */
export function spokenStep(kind: string, step: Contribution): string {
  return stepText(kind, step, 'answer.stepSpoken');
}

/** Return what a photo changed; empty for the first photo. */
export function stepText(
  kind: string,
  { before, after }: Contribution,
  changed: 'answer.step' | 'answer.stepSpoken' = 'answer.step',
): string {
  if (before === null) return '';
  const values = {
    kind: kindLabel(kind),
    before: formatProbability(before),
    after: formatProbability(after),
  };
  return t(values.before === values.after ? 'answer.stepSame' : changed, values);
}
