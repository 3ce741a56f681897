/**
 * The worker that runs the models, so that the page stays responsive.
 *
 * In:    Request(s) of protocol.ts
 * Out:   Reply(s), in the order of the requests
 * Needs: the core, runtime.ts, source.ts
 */

import {
  brightnessOf,
  type ClassifierOutputs,
  causesOf,
  classMap,
  constants,
  cropAround,
  type DetectOptions,
  displayImage,
  evidenceCentre,
  expand,
  extractUnstretched,
  type FrameKey,
  inTurn,
  type Keypoints,
  ModelError,
  maxEvidence,
  type Networks,
  type OrientedCrop,
  overlay,
  type RecognisedKey,
  type RgbaImage,
  readSharp,
  recognise,
  recogniseMarked,
  recognisePlace,
  type SelectDoubtful,
  scaleOf,
  settledOutputs,
  sharpnessOf,
  type Track,
  updateTracks,
  viewInTurn,
} from '../core';
import { OpenPhotos } from './open-photos';
import {
  type EngineMethods,
  type FrameResult,
  type KeyResult,
  type MethodName,
  PhotoError,
  type Place,
  type Problem,
  type Reply,
  type Request,
} from './protocol';
import { loadNetworks } from './runtime';
import { openFile, openFrame, type Source } from './source';

const MAX_SIDE = 2048; // px of a photo that is displayed, saved or added to the collection
const KEY_HEIGHT = 320; // px of a key that is displayed alone
const CONTEXT = 1.3; // how much larger than its crop a key is cut from a photo of several
const JPEG_QUALITY = 0.92;
const MARKED_WIDTH = 0.42; // of a marked key's length, across; the median of detected keys
const { SCORE_THRESHOLD } = constants.detector; // of frames, and of what is shown as "not a key"
const FRAME_OPTIONS: DetectOptions = {
  scoreThreshold: SCORE_THRESHOLD,
  singlePass: true,
};

let networks: Networks | null = null;
let tracks: readonly Track[] = [];
let frameCount = 0;
const photos = new OpenPhotos();

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
    const views = [viewInTurn(frameNumber)];
    const select: SelectDoubtful = (doubtful, certain) => inTurn(doubtful, certain, tracks, frameNumber);
    const known = (key: Keypoints) => settledOutputs(key, tracks, frameNumber);
    const options = { ...FRAME_OPTIONS, views, select, known, earlier: tracks };
    const keys = await recognise(source.read, loaded(), options);
    tracks = updateTracks(tracks, keys.map(frameKey), loaded());
    const results = keys.map((key, i) => keyResult(key, tracks[i]));
    const result = await frameResult(source, results, started);
    frame.close();
    return result;
  },

  async recognisePhoto(photo) {
    const started = performance.now();
    const source = photo instanceof Blob ? await openFile(photo) : openFrame(photo);
    try {
      const keys = shown(await recognise(source.read, loaded()));
      tracks = [];
      const results = keys.map((key) => keyResult(key));
      return { ...(await frameResult(source, results, started)), photo: photos.keep(source, keys) };
    } catch (error) {
      source.bitmap.close();
      throw error;
    }
  },

  async openPhoto(photo) {
    const source = await openFile(photo);
    const { width, height } = source.bitmap;
    return { photo: photos.keep(source, []), width, height };
  },

  async classifyAt(photo, head, tip) {
    const { source, keys } = photos.get(photo);
    const width = MARKED_WIDTH * Math.hypot(tip[0] - head[0], tip[1] - head[1]);
    const key = await recogniseMarked(source.read, { head, tip, width }, loaded());
    keys.push(key);
    return keyResult(key);
  },

  async heatMap(photo, place, kind) {
    const map = await mapAt(photo, place, kind);
    return map && toBitmap(overlay(await imageAt(photo, place), map));
  },

  async evidenceCentre(photo, place, kind) {
    const map = await mapAt(photo, place, kind);
    return map && evidenceCentre(map);
  },

  async keyImage(photo, place) {
    return toBitmap(await imageAt(photo, place));
  },

  async keyPhoto(photo, place) {
    const { source } = photos.get(photo);
    const region = regionOf(place);
    return jpegOf(
      region ? await toBitmap(await withContext(source, region)) : await displayBitmap(source.bitmap),
    );
  },

  async wholePhoto(photo) {
    return jpegOf(await displayBitmap(photos.get(photo).source.bitmap));
  },

  async closePhoto(photo) {
    photos.close(photo);
  },
};

/** Return the classifier's outputs for a key: those of its recognition, or computed again for a photo opened since. */
async function outputsAt(photo: number, place: Place): Promise<ClassifierOutputs> {
  const { source, keys } = photos.get(photo);
  const known = keys.find(({ box }) =>
    box.every(([x, y], i) => x === place.box[i]?.[0] && y === place.box[i]?.[1]),
  );
  if (known) return known.outputs;
  const key = await recognisePlace(source.read, place, loaded());
  keys.push(key);
  return key.outputs;
}

/** Return the class map of a kind over a key; null: the model outputs none, or there is no evidence. */
async function mapAt(photo: number, place: Place, kind: string): Promise<Float32Array | null> {
  const { maps } = await outputsAt(photo, place);
  const { kinds } = loaded().card;
  const map = maps && classMap(maps, kinds.length, kinds.indexOf(kind));
  return map && maxEvidence(map) > 0 ? map : null;
}

/** Return a key's pixels for display. */
async function imageAt(photo: number, place: Place): Promise<RgbaImage> {
  return displayImage(photos.get(photo).source.read, regionOf(place), KEY_HEIGHT);
}

function regionOf({ head, tip, box }: Place): OrientedCrop | null {
  return head && tip ? cropAround(head, tip, box) : null;
}

/** Return a key with its surroundings, at the photo's own resolution. */
async function withContext({ read }: Source, region: OrientedCrop): Promise<RgbaImage> {
  const larger = expand(region, CONTEXT);
  const height = Math.min(Math.round(larger.width / constants.align.ASPECT_RATIO), MAX_SIDE / 2);
  const photo = await readSharp(await read(constants.crops.DETECTION_SIDE), read, [larger], larger.width);
  return extractUnstretched(larger, photo.pixels, scaleOf(photo), height);
}

function loaded(): Networks {
  if (!networks) throw new Error('the models are not loaded');
  return networks;
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
  const { features } = key.outputs;
  return { box, head, tip, measurements, verdict, causes, features, frames: track?.frames ?? 1 };
}

async function frameResult(
  source: Source,
  keys: readonly KeyResult[],
  started: number,
): Promise<FrameResult> {
  const { pixels, width, height } = await source.read(constants.crops.DETECTION_SIDE);
  const brightness = brightnessOf(pixels);
  const sharpness = keys.some(({ verdict }) => verdict.isKey) ? null : sharpnessOf(pixels);
  return { width, height, keys, brightness, sharpness, milliseconds: performance.now() - started };
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
    const problem: Problem | null = error instanceof PhotoError ? error.problem : null;
    const model = error instanceof ModelError ? error.problem : null;
    const message = error instanceof Error ? error.message : String(error);
    return { id: request.id, problem, model, message };
  }
}

/** Return the bitmap in a reply, which is transferred rather than copied. */
function bitmapsIn(reply: Reply): ImageBitmap[] {
  return 'result' in reply && reply.result instanceof ImageBitmap ? [reply.result] : [];
}

/** Return a bitmap as JPEG, and close it. */
async function jpegOf(bitmap: ImageBitmap): Promise<Blob> {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d', { alpha: false })?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: 'image/jpeg', quality: JPEG_QUALITY });
}

let queue: Promise<void> = Promise.resolve();

self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  queue = queue.then(async () => {
    const reply = await replyTo(data);
    self.postMessage(reply, { transfer: bitmapsIn(reply) });
  });
});
