/**
 * Files for the user.
 *
 * In:    a blob and a name
 * Out:   a download
 * Needs: a browser
 */

const TIME = 60_000; // ms after which the download has started

/** Download a file. */
export function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), TIME);
}
