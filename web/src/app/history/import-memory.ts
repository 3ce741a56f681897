/**
 * What the tab remembers of an import when the page is reloaded: also the photos that have no stored answer.
 *
 * In:    the photos of an import
 * Out:   the same, after a reload
 * Needs: sessionStorage
 */

/** One photo. */
export interface Remembered {
  readonly name: string; // of the file
  readonly problem: string; // why it failed, for the user
  readonly id: number | null; // of its answer
}

const PREFIX = 'keykind-import-';

/** Remember an import. */
export function rememberImport(group: number, photos: readonly Remembered[]): void {
  try {
    sessionStorage.setItem(PREFIX + group, JSON.stringify(photos));
  } catch {
    // Without storage, a reload shows what the history has.
  }
}

/** Return what is remembered of an import; null: nothing. */
export function recallImport(group: number): Remembered[] | null {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + group) ?? 'null') as Remembered[] | null;
  } catch {
    return null;
  }
}

/** Forget all imports: the history is deleted. */
export function forgetImports(): void {
  try {
    for (const name of Object.keys(sessionStorage))
      if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
  } catch {
    // Storage may be disabled.
  }
}

/** Forget an import. */
export function forgetImport(group: number): void {
  try {
    sessionStorage.removeItem(PREFIX + group);
  } catch {
    // Storage may be disabled.
  }
}
