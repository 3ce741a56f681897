/**
 * The collection -> a zip of class folders, as `keykind train` reads them.
 *
 * In:    Kept photos
 * Out:   photos/<kind>/<kind>-0001.jpg, nothing/nothing-0001.jpg for what is no key
 * Needs: fflate
 */

import { Zip, ZipPassThrough } from 'fflate';
import { type Kept, NOT_A_KEY } from './store';

/** What a person does with the zip. */
export const COMMAND = 'keykind train photos --recipe default --out run';
export const COMMAND_NOTHING = 'keykind train photos --nothing nothing --recipe default --out run';

const WHEN = new Date(1980, 0, 1); // the first day that a zip can tell: when a photo was kept is nobody's business

/** Return the zip. JPEGs are stored as they are: they do not get smaller. */
export async function zipOf(photos: readonly Kept[]): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const counts = new Map<string, number>();
  const done = new Promise<void>((finished, failed) => {
    const zip = new Zip((error, part, last) => {
      if (error) failed(error);
      parts.push(part as Uint8Array<ArrayBuffer>);
      if (last) finished();
    });
    void fill(zip, photos, counts).catch(failed);
  });
  await done;
  return new Blob(parts, { type: 'application/zip' });
}

async function fill(zip: Zip, photos: readonly Kept[], counts: Map<string, number>): Promise<void> {
  for (const { kind, photo } of photos) {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const entry = new ZipPassThrough(nameOf(kind, count));
    entry.mtime = WHEN;
    zip.add(entry);
    entry.push(new Uint8Array(await photo.arrayBuffer()), true);
  }
  zip.end();
}

function nameOf(kind: string, count: number): string {
  const number = String(count).padStart(4, '0');
  if (kind === NOT_A_KEY) return `nothing/nothing-${number}.jpg`;
  const folder = kind.replace(/[\\/:*?"<>|]|^\./g, '_'); // signs that not every system takes in a name
  return `photos/${folder}/${folder}-${number}.jpg`;
}
