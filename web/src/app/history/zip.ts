/**
 * The collection -> a zip of class folders, as `keykind train` reads them.
 *
 * In:    StoredPhoto(s)
 * Out:   photos/<kind>/<kind>-0001.jpg; nothing/nothing-0001.jpg for photos without a key
 * Needs: fflate
 */

import { Zip, ZipPassThrough } from 'fflate';
import { NOT_A_KEY, type StoredPhoto } from '../storage/corrections';

/** Commands that train on the unpacked zip. */
export const COMMAND = 'keykind train photos --recipe default --out run';
export const COMMAND_WITH_NEGATIVES = 'keykind train photos --negatives nothing --recipe default --out run';

const MODIFIED = new Date(1980, 0, 1); // a zip's earliest date: it does not reveal when a photo was taken

/** Return the zip. JPEGs are stored uncompressed: they would not get smaller. */
export async function zipOf(photos: readonly StoredPhoto[]): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  await new Promise<void>((resolve, reject) => {
    const zip = new Zip((error, chunk, isLast) => {
      if (error) reject(error);
      chunks.push(chunk as Uint8Array<ArrayBuffer>);
      if (isLast) resolve();
    });
    void addAll(zip, photos).catch(reject);
  });
  return new Blob(chunks, { type: 'application/zip' });
}

async function addAll(zip: Zip, photos: readonly StoredPhoto[]): Promise<void> {
  const names = fileNames(photos.map(({ kind }) => kind));
  for (const [i, { photo }] of photos.entries()) {
    const entry = new ZipPassThrough(names[i] ?? '');
    entry.mtime = MODIFIED;
    zip.add(entry);
    entry.push(new Uint8Array(await photo.arrayBuffer()), true);
  }
  zip.end();
}

/** Return a name for a photo of each of these kinds; no two are the same, also where case makes no difference. */
export function fileNames(kinds: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return kinds.map((kind) => {
    const folder = kind === NOT_A_KEY ? 'nothing' : `photos/${folderOf(kind)}`;
    const count = (counts.get(folder.toLowerCase()) ?? 0) + 1;
    counts.set(folder.toLowerCase(), count);
    return `${folder}/${folder.replace('photos/', '')}-${String(count).padStart(4, '0')}.jpg`;
  });
}

/** Return a kind without the characters that some systems do not allow in names of files. */
function folderOf(kind: string): string {
  return kind.replace(/[\\/:*?"<>|]|^\.|[. ]$/g, '_');
}
