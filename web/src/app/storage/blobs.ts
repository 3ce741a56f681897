/**
 * Blobs as bytes, for browsers that cannot store Blobs: WebKit refuses them in a private window.
 *
 * In:    values with Blobs anywhere in them
 * Out:   the same with bytes in place of the Blobs where that is needed, and back
 * Needs: nothing
 */

/** A Blob as it is stored where the browser cannot store Blobs. */
interface Bytes {
  readonly bytes: ArrayBuffer;
  readonly type: string;
}

/** Return a value with each Blob in it replaced by its bytes. */
export async function withoutBlobs(value: unknown): Promise<unknown> {
  if (value instanceof Blob) return { bytes: await value.arrayBuffer(), type: value.type } satisfies Bytes;
  if (Array.isArray(value)) return Promise.all(value.map(withoutBlobs));
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(
    async ([name, part]) => [name, await withoutBlobs(part)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** Return a value with the Blobs that `withoutBlobs` replaced. */
export function withBlobs<T>(value: T): T {
  return restored(value) as T;
}

function restored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(restored);
  if (!isPlain(value)) return value;
  if (isBytes(value)) return new Blob([value.bytes], { type: value.type });
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, restored(part)]));
}

function isBytes(value: object): value is Bytes {
  return 'bytes' in value && value.bytes instanceof ArrayBuffer && 'type' in value;
}

/** Return whether a value is an object of named parts, not a Blob, an array of numbers, or the like. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
