/**
 * An image of the engine.
 *
 * In:    a promise of a bitmap, which is closed when it has been drawn
 * Out:   a canvas with a text alternative
 * Needs: preact
 */

import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useApp } from '../app';

interface BitmapProps {
  readonly load: () => Promise<ImageBitmap | null>;
  readonly of: string; // what is shown: another value loads another bitmap
  readonly label: string; // empty: for the eyes only
  readonly onLoad?: (isShown: boolean) => void; // false: there is no bitmap
}

/** A canvas with a bitmap; empty until it is there. */
export function Bitmap({ load, of, label, onLoad }: BitmapProps): JSX.Element {
  const { reportError } = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let isCurrent = true;
    load()
      .then((bitmap) => {
        if (isCurrent && bitmap && canvas.current) draw(bitmap, canvas.current);
        if (isCurrent) onLoad?.(bitmap !== null);
        bitmap?.close();
      })
      .catch((error: unknown) => isCurrent && reportError(error));
    return () => {
      isCurrent = false;
    };
  }, [of]);
  if (label === '') return <canvas ref={canvas} />;
  return <canvas ref={canvas} role="img" aria-label={label} />;
}

function draw(bitmap: ImageBitmap, canvas: HTMLCanvasElement): void {
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
}
