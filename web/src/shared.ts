/**
 * Photos that other apps share with this one: the service worker keeps them until the page takes them.
 *
 * In:    a cache of the browser
 * Out:   files
 * Needs: nothing
 */

export const SHARE_PATH = 'share'; // as in manifest.webmanifest
export const SHARED_FIELD = 'photos'; // the same
export const SHARED_CACHE = 'shared-photos';
export const NAME_HEADER = 'x-name';

/** Return the photos that were shared, and forget them. */
export async function takeShared(): Promise<File[]> {
  if (!('caches' in globalThis) || !(await caches.has(SHARED_CACHE))) return [];
  const cache = await caches.open(SHARED_CACHE);
  const files: File[] = [];
  for (const request of await cache.keys()) {
    const response = await cache.match(request);
    if (!response) continue;
    const name = decodeURIComponent(response.headers.get(NAME_HEADER) ?? '');
    const blob = await response.blob();
    files.push(new File([blob], name, { type: blob.type }));
  }
  await caches.delete(SHARED_CACHE);
  return files;
}
