/**
 * Files that are pasted, dropped anywhere on the page, or chosen.
 *
 * In:    events of the document; a file input
 * Out:   files
 * Needs: @preact/signals
 */

import { signal } from '@preact/signals';

/** Whether files are being dragged over the page. */
export const isDragging = signal(false);

/** Call `onFiles` with what is pasted or dropped: the images among it, else all, so that the user is shown why not. */
export function acceptFiles(onFiles: (files: File[]) => void): void {
  document.addEventListener('paste', (event) => pass(event.clipboardData, onFiles));
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    isDragging.value = true;
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) isDragging.value = false;
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    isDragging.value = false;
    pass(event.dataTransfer, onFiles);
  });
}

/** Let the user choose files; `accept`: their media type, if any. */
export function chooseFiles(accept: string, isMultiple: boolean, onFiles: (files: File[]) => void): void {
  const input = document.querySelector<HTMLInputElement>(accept ? '#photo-input' : '#file-input');
  if (!input) return;
  input.multiple = isMultiple;
  input.onchange = () => {
    const files = [...(input.files ?? [])];
    input.value = ''; // the same file may be chosen again
    if (files.length) onFiles(files);
  };
  input.click();
}

function pass(data: DataTransfer | null, onFiles: (files: File[]) => void): void {
  const files = [...(data?.files ?? [])];
  const images = files.filter(({ type }) => type.startsWith('image/'));
  if (files.length) onFiles(images.length ? images : files);
}
