/**
 * A photo -> the keys in it and their kinds.
 *
 * In:    a function that reads the photo; the networks and the model card
 * Out:   RecognisedKey(s), highest detection score first
 * Needs: causes.ts, classify.ts, crops.ts, decision.ts, detection.ts, refiner.ts, verdict.ts
 *
 * Same results as Recogniser in predict/recogniser.py, plus the causes of "not sure".
 */

import { cropAround, extract, extractUnstretched, type OrientedCrop } from './align';
import { type Cause, causesOf, type Measurements, measure } from './causes';
import { classifyViews, type RunClassifier, VIEWS, type View } from './classify';
import constants from './constants.json';
import { cropAll, readSharp } from './crops';
import { type Evidence, evidenceOf } from './decision';
import { boxOf, type Detection } from './detection';
import type { DetectOptions, RunDetector } from './detector';
import type { Box, Point } from './geometry';
import type { RgbaImage } from './image';
import { type Photo, type ReadPhoto, scaleOf } from './photo';
import type { RunRefiner } from './refiner';
import { resize } from './resize';
import { type ClassifierOutputs, type Rule, type Verdict, verdictOf } from './verdict';

const { SIZE, WHOLE } = constants.card;

/** The networks, ready to run, and what turns their outputs into answers. */
export interface Networks extends Rule {
  readonly detect: RunDetector | null; // null: whole photos are classified
  readonly refine: RunRefiner | null; // null: there is none
  readonly classify: RunClassifier;
}

/** How a photo is searched, and what is classified. */
export interface RecogniseOptions extends DetectOptions {
  readonly views?: readonly View[]; // of each crop; default: all
  known?(detection: Detection): ClassifierOutputs | null; // outputs for a key that need not be classified
}

/** A key, or the whole photo for a model of whole photos. */
export interface RecognisedKey {
  readonly box: Box;
  readonly head: Point | null; // null: the whole photo
  readonly tip: Point | null;
  readonly detection: Detection | null;
  readonly region: OrientedCrop | null;
  readonly crop: RgbaImage; // the classifier's input
  readonly outputs: ClassifierOutputs;
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  readonly measurements: Measurements;
  readonly causes: readonly Cause[]; // most important first; empty unless the verdict is "not sure"
}

type CroppedPart = Pick<RecognisedKey, 'box' | 'head' | 'tip' | 'detection' | 'region' | 'crop'>;

/** What is assumed of a marked key, of which only the ends are known. */
const MARKED = { score: 1, occlusion: 0, truncation: 0, bladeShare: 0.5, remote: false } as const;

/** A key that was marked by hand, in pixels of the upright original. */
export interface KeyEnds {
  readonly head: Point;
  readonly tip: Point;
  readonly width: number;
}

/** Return every detected key, including those classified as "not a key". */
export async function recognise(
  read: ReadPhoto,
  networks: Networks,
  options: RecogniseOptions = {},
): Promise<RecognisedKey[]> {
  if (networks.card.crop === WHOLE) return [await recogniseWhole(await read(SIZE), networks)];
  if (!networks.detect) throw new Error('the model needs crops of keys, and there is no detector');
  const found = { scoreThreshold: networks.decision.minScore, refiner: networks.refine };
  const crops = await cropAll(read, networks.detect, { ...found, ...options });
  const keys: RecognisedKey[] = [];
  for (const { detection, region, crop } of crops) {
    const { head, tip } = detection;
    const part = { box: boxOf(detection), head, tip, detection, region, crop };
    const known = options.known?.(detection) ?? null;
    keys.push(
      known ? answered(part, known, networks) : await recogniseCrop(part, networks, options.views ?? VIEWS),
    );
  }
  return keys;
}

/**
 * Return the key whose head and tip a user has marked.
 *
 * The user says that it is a key: its kind may be unknown, but the verdict is never "not a key".
 */
export async function recogniseMarked(
  read: ReadPhoto,
  { head, tip, width }: KeyEnds,
  networks: Networks,
): Promise<RecognisedKey> {
  const detection: Detection = { ...MARKED, head, tip, width };
  const box = boxOf(detection);
  const region = cropAround(head, tip, box);
  const crop = await cropOf(region, read);
  const key = await recogniseCrop({ box, head, tip, detection, region, crop }, networks, VIEWS);
  if (key.verdict.isKey) return key;
  return { ...key, verdict: { ...key.verdict, isKey: true, kind: null, reason: 'unknown_kind' } };
}

/** Return the outputs for a key at a known place, or for the whole photo if `head` is null. */
export async function recognisePlace(
  read: ReadPhoto,
  { head, tip, box }: Pick<RecognisedKey, 'head' | 'tip' | 'box'>,
  networks: Networks,
): Promise<RecognisedKey> {
  if (!head || !tip) return recogniseWhole(await read(SIZE), networks);
  const region = cropAround(head, tip, box);
  const crop = await cropOf(region, read);
  return recogniseCrop({ box, head, tip, detection: null, region, crop }, networks, VIEWS);
}

/** Return the classifier's input for a region. */
async function cropOf(region: OrientedCrop, read: ReadPhoto): Promise<RgbaImage> {
  const photo = await readSharp(await read(constants.crops.DETECTION_SIDE), read, [region]);
  return extract(region, photo.pixels, scaleOf(photo));
}

/** Return a region for display, (height, ASPECT_RATIO * height) px; null: the whole photo. */
export async function displayImage(
  read: ReadPhoto,
  region: OrientedCrop | null,
  height: number,
): Promise<RgbaImage> {
  if (region === null) return shrink(await read(height), height);
  const photo = await readSharp(await read(constants.crops.DETECTION_SIDE), read, [region], 2 * height);
  return extractUnstretched(region, photo.pixels, scaleOf(photo), height);
}

function shrink({ pixels }: Photo, minSide: number): RgbaImage {
  const scale = Math.min(1, minSide / Math.min(pixels.width, pixels.height));
  return resize(pixels, Math.round(pixels.width * scale), Math.round(pixels.height * scale));
}

async function recogniseWhole({ pixels, width, height }: Photo, networks: Networks): Promise<RecognisedKey> {
  const box: Box = [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ];
  const part = {
    box,
    head: null,
    tip: null,
    detection: null,
    region: null,
    crop: resize(pixels, SIZE, SIZE),
  };
  return recogniseCrop(part, networks, ['plain']);
}

async function recogniseCrop(
  part: CroppedPart,
  networks: Networks,
  views: readonly View[],
): Promise<RecognisedKey> {
  return answered(part, await classifyViews(part.crop, networks.classify, views, networks.card), networks);
}

function answered(part: CroppedPart, outputs: ClassifierOutputs, networks: Networks): RecognisedKey {
  const measurements = measure(part.crop, part.region, part.detection);
  const evidence = evidenceOf(part.detection, measurements.blurred);
  const verdict = verdictOf(outputs, evidence, networks);
  const causes = verdict.reason === null ? [] : causesOf(measurements, part.detection !== null);
  return { ...part, outputs, evidence, verdict, measurements, causes };
}
