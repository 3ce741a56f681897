/**
 * A small picture of a photo; an icon where there is none, as the photo has vanished or cannot be read.
 *
 * In:    a photo
 * Out:   an image
 * Needs: context.ts
 */

import { ImageOff } from 'lucide';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import type { Photo } from '../api';
import { useDesk } from './context';

interface SmallPictureProps {
  readonly photo: Photo;
  readonly class?: string;
  readonly alt?: string;
}

/** The picture. */
export function SmallPicture({ photo, class: name = '', alt = '' }: SmallPictureProps): JSX.Element {
  const desk = useDesk();
  const url = desk.place.photos.picture(photo, 256);
  const [failed, setFailed] = useState<string | null>(null); // its address
  if (failed === url)
    return (
      <span class={`no-picture ${name}`} {...(alt ? { role: 'img', 'aria-label': alt } : {})}>
        <Icon of={ImageOff} />
      </span>
    );
  return (
    <img class={name} src={url} alt={alt} loading="lazy" draggable={false} onError={() => setFailed(url)} />
  );
}
