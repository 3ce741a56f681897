/**
 * Another photo of a key that has an answer.
 *
 * In:    the sheet, the key, a photo
 * Out:   the answer of all photos: the same one, or a new one if its photo shows other keys as well
 * Needs: answers.ts, combining.ts
 */

import { formatPercent, t } from '../../words';
import { errorText } from '../error-text';
import { kindLabel } from '../kinds/kinds';
import { announce } from '../notices';
import { navigate } from '../router';
import type { Entry, StoredKey } from '../storage/entries';
import { type Problem, type Rule, stepsOf, withPhoto } from './combining';
import { isKey } from './describe';
import type { Sheet } from './sheet';

const PROBLEMS: Readonly<Record<Problem, 'answer.noneIn' | 'answer.differentIn'>> = {
  none: 'answer.noneIn',
  different: 'answer.differentIn',
};

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
    if (others > 0) navigate({ view: 'answer', id: (await answers.create(result.entry)).id });
    else await answers.addPhoto(sheet.answer, added, { ...result.entry, id: entry.id });
    return '';
  } catch (error) {
    return errorText(error);
  }
}

/** Return what the last photo changed: "dimple 71% → 94%". */
export function addedText(entry: Pick<Entry, 'photos' | 'combined'>, rule: Rule): string {
  const step = stepsOf(entry, rule).at(-1);
  if (!step || step.before === null || !entry.combined) return '';
  return t('answer.step', {
    kind: kindLabel(entry.combined.best),
    before: formatPercent(step.before),
    after: formatPercent(step.after),
  });
}
