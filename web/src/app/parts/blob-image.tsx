/**
 * An image that is stored on this device.
 *
 * In:    a blob
 * Out:   an img, whose memory is released with it
 * Needs: preact
 */

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

interface BlobImageProps {
  readonly blob: Blob;
  readonly alt: string;
}

/** An image. */
export function BlobImage({ blob, alt }: BlobImageProps): JSX.Element {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const created = URL.createObjectURL(blob);
    setUrl(created);
    return () => URL.revokeObjectURL(created);
  }, [blob]);
  return url ? <img src={url} alt={alt} /> : <span class="image-placeholder" />;
}
