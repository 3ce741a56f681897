/**
 * A thumbnail of the history, read from the database when it is shown.
 *
 * In:    the id of an entry
 * Out:   an img
 * Needs: storage/entries.ts
 */

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { BlobImage } from '../parts/blob-image';
import { getThumbnails } from '../storage/entries';

type Read = (thumbnail: Blob | undefined) => void;

const waiting = new Map<number, Read[]>(); // read together, in one transaction

/** The thumbnail of an entry, or `blob`, where it is in memory. The text beside it says what it shows. */
export function Thumbnail({ id, blob }: { readonly id: number; readonly blob?: Blob }): JSX.Element {
  const [read, setRead] = useState(blob);
  useEffect(() => {
    if (blob) return;
    let isCurrent = true;
    request(id, (thumbnail) => isCurrent && setRead(thumbnail));
    return () => {
      isCurrent = false;
    };
  }, [id]);
  return read ? <BlobImage blob={read} alt="" /> : <span class="image-placeholder" />;
}

function request(id: number, onRead: Read): void {
  if (!waiting.size) queueMicrotask(() => void readAll());
  waiting.set(id, [...(waiting.get(id) ?? []), onRead]);
}

async function readAll(): Promise<void> {
  const requests = [...waiting];
  waiting.clear();
  const thumbnails = await getThumbnails(requests.map(([id]) => id)).catch(() => new Map<number, Blob>());
  for (const [id, reads] of requests) for (const onRead of reads) onRead(thumbnails.get(id));
}
