/**
 * BMP files with 32 bits per pixel whose fourth byte is unused, although the header calls it alpha.
 *
 * In:    a file's bytes
 * Out:   the same bytes, of an opaque picture
 * Needs: nothing
 *
 * Some programs write 0 everywhere, and a browser then shows nothing. Python takes such a picture as opaque, too.
 */

const [PIXELS_OFFSET, HEADER, BITS, COMPRESSION, ALPHA_MASK] = [10, 14, 28, 30, 66]; // bytes from the start
const BITFIELDS = 3; // compression of a picture whose header has masks
const MASKED_HEADER = 56; // bytes of the shortest header with a mask for alpha

/** Return whether a file starts with BMP's magic bytes. */
export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d;
}

/** Drop the alpha of a BMP, in place, if it is 0 in all pixels: nobody saves a photo without any pixel. */
export function dropUnusedAlpha(file: ArrayBuffer): void {
  if (file.byteLength < HEADER + MASKED_HEADER) return;
  const view = new DataView(file);
  const bits = view.getUint16(BITS, true);
  if (bits !== 32 || view.getUint32(COMPRESSION, true) !== BITFIELDS) return;
  if (view.getUint32(HEADER, true) < MASKED_HEADER) return;
  const mask = view.getUint32(ALPHA_MASK, true);
  for (let at = view.getUint32(PIXELS_OFFSET, true); at + 4 <= file.byteLength; at += 4)
    if ((view.getUint32(at, true) & mask) !== 0) return;
  view.setUint32(ALPHA_MASK, 0, true);
}
