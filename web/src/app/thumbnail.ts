/**
 * A small copy of a photo, for lists.
 *
 * In:    a photo
 * Out:   a JPEG, and the photo's size
 * Needs: a browser
 */

const SIDE = 320; // px of the longer side
const QUALITY = 0.8;

/** Return a thumbnail of a photo, and the width and height of the photo itself. */
export async function thumbnailOf(photo: Blob): Promise<{ thumbnail: Blob; width: number; height: number }> {
  const bitmap = await createImageBitmap(photo);
  const { width, height } = bitmap;
  const scale = Math.min(1, SIDE / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(Math.round(width * scale), 1);
  canvas.height = Math.max(Math.round(height * scale), 1);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const thumbnail = await new Promise<Blob | null>((resolve) =>
    canvas.toBlob(resolve, 'image/jpeg', QUALITY),
  );
  if (!thumbnail)
    throw new Error(`the browser could not encode ${canvas.width} x ${canvas.height} px as JPEG`);
  return { thumbnail, width, height };
}
