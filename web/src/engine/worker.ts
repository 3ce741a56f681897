/**
 * The worker that looks at pictures, so that the page stays smooth.
 *
 * In:    Request(s) of protocol.ts
 * Out:   Reply(s), in the order of the requests
 * Needs: the core, runtime.ts, reader.ts
 */

import {
  brightnessOf,
  causesOf,
  constants,
  type Fault,
  mapOf,
  type Networks,
  overlay,
  type Picture,
  recognise,
  type Sight,
  scaleOf,
  sharpEnough,
  shown,
  shownFrom,
  type Track,
  topOf,
  track,
  VIEWS,
  type View,
  wider,
} from '../core';
import {
  type Calls,
  type Name,
  PhotoFault,
  type Reply,
  type Request,
  type Seen,
  type SeenKey,
} from './protocol';
import { openFile, openFrame, type Source } from './reader';
import { loadNetworks } from './runtime';

const SHOWN = 2048; // px of the longer side of a photo that is shown, saved or kept
const HIGH = 320; // px: height of a key that is shown alone
const ROUND = 1.3; // how much more than its cut is kept of a key among others
const QUALITY = 0.92; // of a JPEG that is kept

let networks: Networks | null = null;
let tracks: readonly Track[] = [];
let frames = 0;
let still: { source: Source; sights: readonly Sight[] } | null = null;

const calls: { [N in Name]: (...given: Parameters<Calls[N]>) => Promise<ReturnType<Calls[N]>> } = {
  async load(places) {
    networks = await loadNetworks(places);
    return networks.card;
  },

  async look(frame) {
    const began = performance.now();
    const source = openFrame(frame);
    const view = VIEWS[frames++ % VIEWS.length] as View; // one view a frame; the mean over frames has both
    const sights = await recognise(source.read, ready(), { again: false, views: [view] });
    tracks = track(tracks, sights.map(glimpsed), ready().card);
    const keys = sights.map((sight, place) => told(sight, tracks[place]));
    const seen = await seenOf(source, keys, began);
    frame.close();
    return seen;
  },

  async still(given) {
    const began = performance.now();
    const source = given instanceof Blob ? await openFile(given) : openFrame(given);
    const sights = keysFirst(await recognise(source.read, ready()));
    still?.source.bitmap.close();
    still = { source, sights };
    tracks = [];
    const seen = await seenOf(
      source,
      sights.map((sight) => told(sight)),
      began,
    );
    return { ...seen, picture: await reduced(source.bitmap) };
  },

  async evidence(key, kind) {
    const { source, sight } = keyOf(key);
    const picture = await shown(source.read, sight, HIGH);
    if (kind === null) return bitmapOf(picture);
    const { maps } = sight.answer;
    const { kinds } = ready().card;
    if (!maps) return null;
    const map = mapOf(maps, kinds.length, kinds.indexOf(kind));
    return topOf(map) > 0 ? bitmapOf(overlay(picture, map, topOf(maps))) : null;
  },

  async keep(key) {
    const { source, sight } = keyOf(key);
    const only = still?.sights.length === 1 || !sight.cut;
    const bitmap = only ? await reduced(source.bitmap) : await bitmapOf(await around(source, sight));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d', { alpha: false });
    context?.drawImage(bitmap, 0, 0);
    bitmap.close();
    return canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
  },
};

/** Return a key among others with what is around it, at the photo's own scale. */
async function around({ read }: Source, { cut }: Sight): Promise<Picture> {
  if (!cut) throw new Error('the whole photo was looked at');
  const more = wider(cut, ROUND);
  const height = Math.min(Math.round(more.width / constants.align.SLIM), SHOWN / 2);
  const photo = await sharpEnough(await read(constants.crops.FIRST), read, [more], more.width);
  return shownFrom(more, photo.pixels, scaleOf(photo), height);
}

function ready(): Networks {
  if (!networks) throw new Error('the models are not loaded');
  return networks;
}

function keyOf(place: number): { source: Source; sight: Sight } {
  const sight = still?.sights[place];
  if (!still || !sight) throw new Error(`there is no key ${place}`);
  return { source: still.source, sight };
}

/** Return what turned out to be no key behind the keys. */
function keysFirst(sights: readonly Sight[]): Sight[] {
  return [...sights].sort((one, other) => Number(other.verdict.isKey) - Number(one.verdict.isKey));
}

function glimpsed(sight: Sight) {
  const [head, tip] = [sight.head ?? sight.box[0], sight.tip ?? sight.box[2]];
  return { ends: Float64Array.of(...head, ...tip), answer: sight.answer, causes: causesOf(sight.measures) };
}

function told(sight: Sight, track?: Track): SeenKey {
  const { box, head, tip, measures } = sight;
  const { verdict, causes } = track ?? sight;
  return { box, head, tip, measures, verdict, causes, frames: track?.frames ?? 1 };
}

async function seenOf(source: Source, keys: readonly SeenKey[], began: number): Promise<Seen> {
  const { pixels, width, height } = await source.read(constants.crops.FIRST);
  const brightness = brightnessOf(pixels);
  return { width, height, keys, brightness, milliseconds: performance.now() - began };
}

/** Return a photo as it is shown: no larger than SHOWN, and on white, as it was looked at. */
async function reduced(bitmap: ImageBitmap): Promise<ImageBitmap> {
  const share = Math.min(1, SHOWN / Math.max(bitmap.width, bitmap.height));
  const small = await createImageBitmap(bitmap, {
    resizeWidth: Math.max(Math.round(bitmap.width * share), 1),
    resizeHeight: Math.max(Math.round(bitmap.height * share), 1),
    resizeQuality: 'high',
  });
  const canvas = new OffscreenCanvas(small.width, small.height);
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new PhotoFault('large');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, small.width, small.height);
  context.drawImage(small, 0, 0);
  small.close();
  return canvas.transferToImageBitmap();
}

async function bitmapOf({ data, width, height }: Picture): Promise<ImageBitmap> {
  return createImageBitmap(new ImageData(data, width, height));
}

async function replyTo(request: Request): Promise<Reply> {
  try {
    const call = calls[request.name] as (...given: readonly unknown[]) => Promise<ReturnType<Calls[Name]>>;
    return { id: request.id, result: await call(...request.given) };
  } catch (error) {
    const fault: Fault | 'unreadable' | null = error instanceof PhotoFault ? error.fault : null;
    return { id: request.id, fault, message: error instanceof Error ? error.message : String(error) };
  }
}

let last: Promise<void> = Promise.resolve();

self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  last = last.then(async () => {
    const reply = await replyTo(data);
    const result = 'result' in reply ? reply.result : null;
    const bitmap =
      result instanceof ImageBitmap ? result : (result as { picture?: ImageBitmap } | null)?.picture;
    self.postMessage(reply, { transfer: bitmap ? [bitmap] : [] });
  });
});
