/**
 * Storage in words.
 *
 * In:    errors of the storage; sizes
 * Out:   text for the user: what happened and what to do
 * Needs: problem.ts, words
 */

import { currentLanguage, t, withDetails } from '../../words';
import { storageErrorOf } from './problem';

const MEGABYTE = 1e6; // bytes
const GIGABYTE = 1e9;

/** Return why something is not stored, and what the user can do. */
export function storageErrorText(error: unknown): string {
  const { problem, message } = storageErrorOf(error, 'other');
  return problem === 'other' ? withDetails(t('storage.other'), message) : t(`storage.${problem}`);
}

/** Return a size in the language's format: "0.4 MB", "42 MB", "1.3 GB". */
export function formatBytes(bytes: number): string {
  const [unit, size] = bytes < GIGABYTE ? ['megabyte', MEGABYTE] : ['gigabyte', GIGABYTE];
  const value = bytes / Number(size);
  const digits = value < 10 ? 1 : 0;
  return new Intl.NumberFormat(currentLanguage(), {
    style: 'unit',
    unit: String(unit),
    maximumFractionDigits: digits,
  }).format(value);
}
