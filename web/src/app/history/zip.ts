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
  const counts = new Map<string, number>();
  for (const { kind, photo } of photos) {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const entry = new ZipPassThrough(fileName(kind, count));
    entry.mtime = MODIFIED;
    zip.add(entry);
    entry.push(new Uint8Array(await photo.arrayBuffer()), true);
  }
  zip.end();
}

function fileName(kind: string, count: number): string {
  const digits = String(count).padStart(4, '0');
  if (kind === NOT_A_KEY) return `nothing/nothing-${digits}.jpg`;
  const folder = kind.replace(/[\\/:*?"<>|]|^\./g, '_'); // characters that some systems do not allow in file names
  return `photos/${folder}/${folder}-${digits}.jpg`;
}
