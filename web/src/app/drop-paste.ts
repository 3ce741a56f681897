/**
 * Photos and models that are pasted, or dropped anywhere on the page.
 *
 * In:    events of the document
 * Out:   files
 * Needs: words
 */

import { t } from '../words';
import { el } from './dom';

/** Call `onFile` with each file that is pasted or dropped. */
export function acceptFiles(onFile: (file: File) => void): void {
  document.addEventListener('paste', (event) => {
    const file = fileIn(event.clipboardData);
    if (file) onFile(file);
  });
  const hint = el('div', { class: 'drop', 'aria-hidden': 'true' });
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    hint.textContent = t('home.dropHere');
    document.body.append(hint);
  });
  document.addEventListener('dragleave', (event) => event.relatedTarget === null && hint.remove());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    hint.remove();
    const file = fileIn(event.dataTransfer);
    if (file) onFile(file);
  });
}

/** Return the first image, else the first file, so that the user is told why it cannot be used. */
function fileIn(data: DataTransfer | null): File | null {
  const files = Array.from(data?.files ?? []);
  return files.find(({ type }) => type.startsWith('image/')) ?? files[0] ?? null;
}
