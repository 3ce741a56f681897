/**
 * The photo, which can be enlarged, with what is drawn over it.
 *
 * In:    the photo's address and size; the sheet
 * Out:   a frame with the photo, the outlines, and the marking of a key
 * Needs: viewer/, outlines.tsx, marking.tsx
 */

import { Maximize2, Minimize2 } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import { useZoom, type Zoom } from '../../viewer/use-zoom';
import type { Size } from '../../viewer/zoom';
import { t } from '../../words';
import type { StoredKey } from '../storage/entries';
import { idOf, numberOf } from './changes';
import { isWhole } from './describe';
import { Marking } from './marking';
import { Outlines } from './outlines';
import type { Sheet } from './sheet';

interface StageProps {
  readonly sheet: Sheet;
  readonly url: string;
  readonly isBusy: boolean;
  readonly onSelect: (key: StoredKey) => void;
}

/** The frame. */
export function Stage({ sheet, url, isBusy, onSelect }: StageProps): JSX.Element {
  const [natural, setNatural] = useState<Size | null>(null); // until the entry has its size
  const [isBroken, setBroken] = useState(false); // the browser cannot show the file
  const size = sheet.photo.value ?? natural;
  const photo = useMemo(
    () => size && { width: size.width, height: size.height },
    [size?.width, size?.height],
  );
  const zoom = useZoom(photo);
  const isNothing = isBroken && !isBusy && !sheet.photo.value;
  const isMarking = sheet.mode.value === 'mark';
  useEffect(() => {
    setBroken(false);
    zoom.reset();
  }, [url]);
  return (
    <div
      class={`viewer ${zoom.isZoomed ? 'zoomed' : ''} ${isMarking ? 'marking-mode' : ''}`}
      ref={zoom.frame}
      aria-busy={isBusy}
      hidden={isNothing}
      {...zoom.handlers}
      style={photo ? { aspectRatio: `${photo.width} / ${photo.height}` } : {}}
    >
      {isBroken || !url ? null : (
        <img
          src={url}
          alt={t(sheet.photo.value?.keys.some(isWhole) ? 'photo.image.any' : 'photo.image')}
          class={zoom.view ? 'placed' : ''}
          draggable={false}
          style={imageStyle(zoom, photo)}
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) =>
            setNatural({ width, height })
          }
          onError={() => setBroken(true)}
        />
      )}
      <Overlay sheet={sheet} zoom={zoom} photo={photo} url={url} onSelect={onSelect} />
      {isBusy ? <Busy /> : null}
      {photo && !isBusy ? <ZoomButton sheet={sheet} zoom={zoom} /> : null}
    </div>
  );
}

/** What is drawn over the photo: outlines, or the ends of the key that is being marked. */
function Overlay({
  sheet,
  zoom,
  photo,
  url,
  onSelect,
}: Pick<StageProps, 'sheet' | 'url' | 'onSelect'> & {
  readonly zoom: Zoom;
  readonly photo: Size | null;
}): JSX.Element | null {
  const [keys, others, selected] = [sheet.keys.value, sheet.others.value, sheet.selected.value];
  const numbered = useMemo(() => {
    const other = others.filter((key) => idOf(key) === selected); // shown only while it is selected
    return [
      ...keys.map((key, i) => ({ key, number: numberOf(keys, i), isLabelled: true })),
      ...other.map((key) => ({ key, number: null, isLabelled: false })),
    ];
  }, [keys, others, selected]);
  const { view, size } = zoom;
  if (!view || !size || !photo || !sheet.photo.value) return null;
  if (sheet.mode.value === 'mark')
    return <Marking sheet={sheet} view={view} frame={size} photo={photo} url={url} zoom={zoom} />;
  const select = (key: StoredKey): void => {
    if (!zoom.wasMoved()) onSelect(key);
  };
  return <Outlines keys={numbered} view={view} frame={size} selected={selected} onSelect={select} />;
}

function Busy(): JSX.Element {
  return (
    <div class="busy">
      <span class="spinner" />
      <span>{t('photo.busy')}</span>
    </div>
  );
}

/** Enlarges the selected key, or shows the whole photo again: what fingers and wheel do, for the keyboard. */
function ZoomButton({ sheet, zoom }: { readonly sheet: Sheet; readonly zoom: Zoom }): JSX.Element {
  const keys = [...sheet.keys.value, ...sheet.others.value].filter((each) => !isWhole(each));
  const key = keys.find((each) => idOf(each) === sheet.selected.value) ?? keys[0];
  const { width, height } = sheet.photo.value ?? { width: 1, height: 1 };
  const middle = [
    [width / 4, height / 4],
    [(3 * width) / 4, (3 * height) / 4],
  ] as const;
  const toggle = (): void => {
    if (zoom.isZoomed) zoom.reset();
    else zoom.showPoints(key?.box ?? middle);
  };
  return (
    <button
      type="button"
      class="icon-button over-photo zoom"
      aria-label={t(zoom.isZoomed ? 'answer.whole' : 'answer.enlarge')}
      onPointerDown={(event) => event.stopPropagation()}
      onClick={toggle}
    >
      <Icon of={zoom.isZoomed ? Minimize2 : Maximize2} size={20} />
    </button>
  );
}

function imageStyle({ view }: Zoom, photo: Size | null): Record<string, string> {
  if (!view || !photo) return {};
  const { scale, x, y } = view;
  return {
    inlineSize: `${photo.width}px`,
    blockSize: `${photo.height}px`,
    transform: `translate(${x}px, ${y}px) scale(${scale})`,
  };
}
