/**
 * Why the browser does not store something.
 *
 * In:    what IndexedDB reports
 * Out:   StorageError
 * Needs: nothing
 */

/** full: no room; disabled: no storage at all; blocked, newer: another tab runs another version. */
export type StorageProblem = 'full' | 'disabled' | 'blocked' | 'newer' | 'other';

/** Something that could not be stored or read. */
export class StorageError extends Error {
  constructor(
    readonly problem: StorageProblem,
    message: string,
  ) {
    super(message);
  }
}

const PROBLEMS: Readonly<Record<string, StorageProblem>> = {
  QuotaExceededError: 'full',
  VersionError: 'newer',
  SecurityError: 'disabled', // storage is switched off for this site
};

/** Return what an error means; `otherwise` if its name does not show it. */
export function storageErrorOf(error: unknown, otherwise: StorageProblem): StorageError {
  if (error instanceof StorageError) return error;
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  return new StorageError(PROBLEMS[name] ?? otherwise, `${name}: ${message}`);
}
