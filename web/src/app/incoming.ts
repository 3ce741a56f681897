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

/**
 * Call `onFiles` with what is pasted or dropped.
 *
 * Of what is pasted, the images among it, else all: programs add other forms of the same. All that is dropped, so that the
 * user is shown what is no photo: not every browser knows the type of every photo, such as HEIC.
 */
export function acceptFiles(onFiles: (files: File[]) => void): void {
  document.addEventListener('paste', ({ clipboardData }) => {
    const files = filesIn(clipboardData);
    const images = files.filter(({ type }) => type.startsWith('image/'));
    if (files.length) onFiles(images.length ? images : files);
  });
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
    const files = filesIn(event.dataTransfer);
    if (files.length) onFiles(files);
  });
}

let receive: ((files: File[]) => void) | null = null;

/** Let the user take a photo with the phone's camera, choose photos, or files of any type, for `onFiles`. */
export function chooseFiles(
  type: 'camera' | 'photo' | 'file',
  isMultiple: boolean,
  onFiles: (files: File[]) => void,
): void {
  const input = document.querySelector<HTMLInputElement>(`#${type}-input`);
  if (!input) return;
  receive = onFiles;
  input.multiple = isMultiple;
  input.click();
}

/** Pass on what was chosen with an input; `openFiles`: for files that no view asked for. */
export function takeChosen(input: HTMLInputElement, openFiles: (files: File[]) => void): void {
  const files = [...(input.files ?? [])];
  input.value = ''; // the same file may be chosen again
  if (files.length) (receive ?? openFiles)(files);
  receive = null;
}

function filesIn(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])];
}
