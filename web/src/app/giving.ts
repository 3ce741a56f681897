/**
 * Photos that are pasted or dropped anywhere on the page.
 *
 * In:    the events of the page
 * Out:   files
 * Needs: a browser
 */

import { say } from '../words';
import { el } from './dom';

/** Call `given` with each photo that is pasted or dropped. */
export function takePhotos(given: (photo: File) => void): void {
  document.addEventListener('paste', (event) => {
    const file = photoIn(event.clipboardData);
    if (file) given(file);
  });
  const hint = el('div', { class: 'drop', 'aria-hidden': 'true' });
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    hint.textContent = say('look.dropHere');
    document.body.append(hint);
  });
  document.addEventListener('dragleave', (event) => event.relatedTarget === null && hint.remove());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    hint.remove();
    const file = photoIn(event.dataTransfer);
    if (file) given(file);
  });
}

function photoIn(data: DataTransfer | null): File | null {
  const files = Array.from(data?.files ?? []);
  return files.find(({ type }) => type.startsWith('image/')) ?? files[0] ?? null;
}
