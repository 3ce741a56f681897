/**
 * BMP files with 32 bits per pixel whose fourth byte is unused, although the header seems to call it alpha.
 *
 * In:    a file's bytes
 * Out:   the same bytes, of an opaque picture
 * Needs: nothing
 *
 * Some programs write 0 everywhere, and a browser then shows nothing. Python takes such a picture as opaque, too.
 */

// Bytes from the start.
const [PIXELS_OFFSET, HEADER, WIDTH, HEIGHT] = [10, 14, 18, 22];
const [BITS, COMPRESSION, MASKS, ALPHA_MASK] = [28, 30, 54, 66];
const [PLAIN, BITFIELDS] = [0, 3]; // values of the compression: without masks, with those of the header
const COLOURS = [0xff0000, 0xff00, 0xff]; // masks of red, green and blue in a plain picture
const MASKED_HEADER = 56; // bytes of the shortest header with a mask for alpha

/** Return whether a file starts with BMP's magic bytes. */
export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d;
}

/**
 * Make a BMP opaque, in place, if its alpha is unused: 0 in all pixels, since nobody saves a photo without any pixel,
 * or without a mask for it, where some browsers assume one if the header is long.
 */
export function dropUnusedAlpha(file: ArrayBuffer): void {
  if (file.byteLength < HEADER + MASKED_HEADER) return;
  const view = new DataView(file);
  if (view.getUint16(BITS, true) !== 32 || view.getUint32(HEADER, true) < MASKED_HEADER) return;
  const compression = view.getUint32(COMPRESSION, true);
  if (compression === PLAIN) {
    for (const [i, mask] of COLOURS.entries()) view.setUint32(MASKS + 4 * i, mask, true);
    view.setUint32(COMPRESSION, BITFIELDS, true);
  } else if (compression !== BITFIELDS || hasAlpha(view)) return;
  view.setUint32(ALPHA_MASK, 0, true);
}

/** Return whether any pixel has an alpha other than 0. */
function hasAlpha(view: DataView): boolean {
  const mask = view.getUint32(ALPHA_MASK, true);
  const start = view.getUint32(PIXELS_OFFSET, true);
  const pixels = Math.abs(view.getInt32(WIDTH, true) * view.getInt32(HEIGHT, true)); // a colour profile may follow
  const end = Math.min(start + 4 * pixels, view.byteLength - 3);
  for (let at = start; at < end; at += 4) if ((view.getUint32(at, true) & mask) !== 0) return true;
  return false;
}
