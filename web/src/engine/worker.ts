/**
 * The worker that runs the models, so that the page stays responsive.
 *
 * In:    Request(s) of protocol.ts
 * Out:   Reply(s), in the order of the requests
 * Needs: the core, runtime.ts, source.ts
 */

import {
  brightnessOf,
  causesOf,
  classMap,
  constants,
  type DetectOptions,
  displayImage,
  expand,
  extractUnstretched,
  type FrameKey,
  inTurn,
  ModelError,
  maxEvidence,
  type Networks,
  overlay,
  type PhotoProblem,
  type RecognisedKey,
  type RgbaImage,
  readSharp,
  recognise,
  type SelectDoubtful,
  scaleOf,
  type Track,
  updateTracks,
  VIEWS,
  type View,
} from '../core';
import {
  type EngineMethods,
  type FrameResult,
  type KeyResult,
  type MethodName,
  PhotoError,
  type Reply,
  type Request,
} from './protocol';
import { loadNetworks } from './runtime';
import { openFile, openFrame, type Source } from './source';

const MAX_SIDE = 2048; // px of a photo that is displayed, saved or added to the collection
const KEY_HEIGHT = 320; // px of a key that is displayed alone
const CONTEXT = 1.3; // how much larger than its crop a key is cut from a photo of several
const JPEG_QUALITY = 0.92;
const { SCORE_THRESHOLD } = constants.detector; // of frames, and of what is shown as "not a key"
const FRAME_OPTIONS: DetectOptions = {
  scoreThreshold: SCORE_THRESHOLD,
  singlePass: true,
};

let networks: Networks | null = null;
let tracks: readonly Track[] = [];
let frameCount = 0;
let current: { source: Source; keys: readonly RecognisedKey[] } | null = null;

const methods: {
  [N in MethodName]: (...args: Parameters<EngineMethods[N]>) => Promise<ReturnType<EngineMethods[N]>>;
} = {
  async load(urls) {
    networks = await loadNetworks(urls);
    return networks.card;
  },

  async recogniseFrame(frame) {
    const started = performance.now();
    const source = openFrame(frame);
    const frameNumber = frameCount++;
    const view = VIEWS[frameNumber % VIEWS.length] as View; // one per frame: the average over frames has both
    const select: SelectDoubtful = (doubtful, certain) => inTurn(doubtful, certain, tracks, frameNumber);
    const keys = await recognise(source.read, loaded(), { ...FRAME_OPTIONS, views: [view], select });
    tracks = updateTracks(tracks, keys.map(frameKey), loaded());
    const results = keys.map((key, i) => keyResult(key, tracks[i]));
    const result = await frameResult(source, results, started);
    frame.close();
    return result;
  },

  async recognisePhoto(photo) {
    const started = performance.now();
    const source = photo instanceof Blob ? await openFile(photo) : openFrame(photo);
    const keys = shown(await recognise(source.read, loaded()));
    current?.source.bitmap.close();
    current = { source, keys };
    tracks = [];
    const results = keys.map((key) => keyResult(key));
    return { ...(await frameResult(source, results, started)), bitmap: await displayBitmap(source.bitmap) };
  },

  async heatMap(index, kind) {
    const { source, key } = currentKey(index);
    const { kinds } = loaded().card;
    const { maps } = key.outputs;
    if (!maps) return null;
    const map = classMap(maps, kinds.length, kinds.indexOf(kind));
    if (!(maxEvidence(map) > 0)) return null;
    return toBitmap(overlay(await displayImage(source.read, key, KEY_HEIGHT), map));
  },

  async keyImage(index) {
    const { source, key } = currentKey(index);
    return toBitmap(await displayImage(source.read, key, KEY_HEIGHT));
  },

  async keyPhoto(index) {
    const { source, key } = currentKey(index);
    const isOnly = current?.keys.length === 1 || !key.region;
    const bitmap = isOnly
      ? await displayBitmap(source.bitmap)
      : await toBitmap(await withContext(source, key));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d', { alpha: false });
    context?.drawImage(bitmap, 0, 0);
    bitmap.close();
    return canvas.convertToBlob({ type: 'image/jpeg', quality: JPEG_QUALITY });
  },
};

/** Return a key with its surroundings, at the photo's own resolution. */
async function withContext({ read }: Source, { region }: RecognisedKey): Promise<RgbaImage> {
  if (!region) throw new Error('the result is for the whole photo: it has no region');
  const larger = expand(region, CONTEXT);
  const height = Math.min(Math.round(larger.width / constants.align.ASPECT_RATIO), MAX_SIDE / 2);
  const photo = await readSharp(await read(constants.crops.DETECTION_SIDE), read, [larger], larger.width);
  return extractUnstretched(larger, photo.pixels, scaleOf(photo), height);
}

function loaded(): Networks {
  if (!networks) throw new Error('the models are not loaded');
  return networks;
}

function currentKey(index: number): { source: Source; key: RecognisedKey } {
  const key = current?.keys[index];
  if (!current || !key) throw new Error(`no key ${index} in a photo with ${current?.keys.length ?? 0}`);
  return { source: current.source, key };
}

/** Return the keys, then the detections that are "not a key" although the detector takes them for one. */
function shown(keys: readonly RecognisedKey[]): RecognisedKey[] {
  const others = keys.filter(({ verdict }) => !verdict.isKey);
  return [
    ...keys.filter(({ verdict }) => verdict.isKey),
    ...others.filter(({ detection }) => (detection?.score ?? 1) >= SCORE_THRESHOLD),
  ];
}

function frameKey(key: RecognisedKey): FrameKey {
  const [head, tip] = [key.head ?? key.box[0], key.tip ?? key.box[2]];
  return {
    head,
    tip,
    outputs: key.outputs,
    evidence: key.evidence,
    causes: causesOf(key.measurements, key.detection !== null),
  };
}

function keyResult(key: RecognisedKey, track?: Track): KeyResult {
  const { box, head, tip, measurements } = key;
  const { verdict, causes } = track ?? key;
  return { box, head, tip, measurements, verdict, causes, frames: track?.frames ?? 1 };
}

async function frameResult(
  source: Source,
  keys: readonly KeyResult[],
  started: number,
): Promise<FrameResult> {
  const { pixels, width, height } = await source.read(constants.crops.DETECTION_SIDE);
  const brightness = brightnessOf(pixels);
  return { width, height, keys, brightness, milliseconds: performance.now() - started };
}

/** Return a photo for display: at most MAX_SIDE px, and over white, as the models see it. */
async function displayBitmap(bitmap: ImageBitmap): Promise<ImageBitmap> {
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const small = await createImageBitmap(bitmap, {
    resizeWidth: Math.max(Math.round(bitmap.width * scale), 1),
    resizeHeight: Math.max(Math.round(bitmap.height * scale), 1),
    resizeQuality: 'high',
  });
  const canvas = new OffscreenCanvas(small.width, small.height);
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new PhotoError('large');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, small.width, small.height);
  context.drawImage(small, 0, 0);
  small.close();
  return canvas.transferToImageBitmap();
}

async function toBitmap({ data, width, height }: RgbaImage): Promise<ImageBitmap> {
  return createImageBitmap(new ImageData(data, width, height));
}

async function replyTo(request: Request): Promise<Reply> {
  try {
    const method = methods[request.method] as (
      ...args: readonly unknown[]
    ) => Promise<ReturnType<EngineMethods[MethodName]>>;
    return { id: request.id, result: await method(...request.args) };
  } catch (error) {
    const problem: PhotoProblem | 'unreadable' | null = error instanceof PhotoError ? error.problem : null;
    const model = error instanceof ModelError ? error.problem : null;
    const message = error instanceof Error ? error.message : String(error);
    return { id: request.id, problem, model, message };
  }
}

/** Return the bitmaps in a reply, which are transferred rather than copied. */
function bitmapsIn(reply: Reply): ImageBitmap[] {
  if (!('result' in reply)) return [];
  if (reply.result instanceof ImageBitmap) return [reply.result];
  return reply.result !== null && 'bitmap' in reply.result ? [reply.result.bitmap] : [];
}

let queue: Promise<void> = Promise.resolve();

self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  queue = queue.then(async () => {
    const reply = await replyTo(data);
    self.postMessage(reply, { transfer: bitmapsIn(reply) });
  });
});
