/**
 * A photo -> every key in it.
 *
 * In:    Photo; functions that run the networks of the detector and of the refiner
 * Out:   Detection(s), highest score first, in pixels of the upright original
 * Needs: detection.ts, image.ts, numbers.ts, photo.ts, postprocess.ts, refiner.ts, resize.ts
 *
 * Same results as detect/detector.py. If no key, or only small keys, are detected, the photo is processed again in
 * overlapping tiles, at up to two finer scales. The refiner classifies an aligned crop of each candidate again.
 */

import constants from './constants.json';
import { boxOf, type Detection, type Keypoints, lengthOf } from './detection';
import { isAmong, withoutDuplicates } from './duplicates';
import type { Point } from './geometry';
import { blank, cropImage, type RgbaImage, rgbBytes, rotateLeft } from './image';
import { median, roundEven } from './numbers';
import type { Photo } from './photo';
import { byScore, type DenseOutputs, decode } from './postprocess';
import { type RunRefiner, refine } from './refiner';
import { resize } from './resize';

const C = constants.detector;
const { WIDTH, HEIGHT } = constants.postprocess;
const { PAD_VALUE } = constants.align;

/** Run the detector's network on the (HEIGHT, WIDTH, 3) RGB bytes of an image. */
export type RunDetector = (rgb: Uint8Array<ArrayBuffer>) => Promise<DenseOutputs>;

/** A rectangle of a photo's pixels. */
interface Tile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How pixels were fitted into the network's input. */
interface View {
  readonly scale: number; // pixels of the photo per input pixel
  readonly width: number | null; // of the photo in input pixels, if it was turned to landscape; null: it was not
}

/** How a photo is searched. */
export interface DetectOptions {
  readonly scoreThreshold?: number;
  readonly singlePass?: boolean; // without tiles, as for camera frames
  readonly refiner?: RunRefiner | null; // null: the detections are left as they are
  readonly select?: SelectDoubtful; // default: the first MAX_DOUBTFUL
  readonly earlier?: readonly Keypoints[]; // keys of the frame before, in a video
}

/** Return which of the candidates below SCORE_THRESHOLD are refined besides those that are `certain`. */
export type SelectDoubtful = (
  doubtful: readonly Detection[],
  certain: readonly Detection[],
) => readonly Detection[];

/**
 * Return the keys and the remotes in a photo, highest score first.
 *
 * Below SCORE_THRESHOLD, a lower threshold does not change whether finer scales are processed.
 */
export async function detectAll(
  photo: Photo,
  run: RunDetector,
  options: DetectOptions = {},
): Promise<Detection[]> {
  const { scoreThreshold = C.SCORE_THRESHOLD, singlePass = false, refiner = null } = options;
  const reduction = photo.width / photo.pixels.width; // above 1 if read at a reduced scale
  const longerSide = Math.max(photo.width, photo.height);
  const longerPixels = Math.max(photo.pixels.width, photo.pixels.height);
  const threshold = refiner ? Math.min(scoreThreshold, C.CANDIDATE_THRESHOLD) : scoreThreshold;
  const candidates = await detectPass(photo.pixels, run, reduction, threshold);
  let detections = await refined(photo, candidates, refiner, scoreThreshold, options);
  let lastScale = 1;
  for (const share of singlePass ? [] : C.TILE_SCALES) {
    const sure = detections.filter(({ score }) => score >= C.SCORE_THRESHOLD);
    if (longerPixels * share <= WIDTH * C.MIN_TILE || !needsFinerScale(sure, longerSide, lastScale)) break;
    lastScale = share;
    const finer: Detection[] = [];
    for (const tile of tilesOf(photo.pixels, share)) {
      finer.push(...(await detectInTile(photo, tile, run, reduction, threshold)));
    }
    detections = await merged(photo, detections, finer.sort(byScore), refiner, scoreThreshold);
  }
  return detections;
}

/** Return the detections of a finer scale and those of the scales before, refined, each once. */
async function merged(
  photo: Photo,
  coarse: readonly Detection[],
  finer: readonly Detection[],
  refiner: RunRefiner | null,
  scoreThreshold: number,
): Promise<Detection[]> {
  if (!refiner) return withoutDuplicates([...finer, ...coarse]); // ends are more exact at the finer scale
  const isNew = (key: Detection): boolean => !isAmong(key, coarse);
  const found = await refined(photo, withoutDuplicates(finer).filter(isNew), refiner, scoreThreshold);
  return withoutDuplicates([...coarse, ...found].sort(byScore));
}

/** Return the candidates, highest score first, with at least this score once they are refined, each once. */
async function refined(
  photo: Photo,
  candidates: readonly Detection[],
  refiner: RunRefiner | null,
  scoreThreshold: number,
  { select = firstDoubtful, earlier }: DetectOptions = {},
): Promise<Detection[]> {
  if (!refiner) return [...candidates];
  const certain = candidates.filter(({ score }) => score >= C.SCORE_THRESHOLD);
  const doubtful = select(candidates.slice(certain.length), certain);
  return refine(photo, [...certain, ...doubtful].sort(byScore), refiner, scoreThreshold, earlier);
}

function firstDoubtful(doubtful: readonly Detection[]): Detection[] {
  return doubtful.slice(0, C.MAX_DOUBTFUL);
}

/**
 * Return an image, turned to landscape and resized into the upper left of the network's input.
 *
 * A portrait is turned a quarter turn counterclockwise: its right edge becomes the upper one.
 */
export function letterbox(pixels: RgbaImage): { image: RgbaImage; view: View } {
  const turned = pixels.height > pixels.width;
  const landscape = turned ? rotateLeft(pixels) : pixels;
  const scale = Math.max(landscape.width / WIDTH, landscape.height / HEIGHT);
  const width = Math.max(roundEven(landscape.width / scale), 1);
  const height = Math.max(roundEven(landscape.height / scale), 1);
  const image = blank(WIDTH, HEIGHT, PAD_VALUE);
  const small = resize(landscape, width, height);
  for (let row = 0; row < height; row++) {
    image.data.set(small.data.subarray(4 * row * width, 4 * (row + 1) * width), 4 * row * WIDTH);
  }
  return { image, view: { scale, width: turned ? pixels.width / scale : null } };
}

/** Return the keys and remotes in an image; reduction: pixels of the photo per pixel. */
async function detectPass(
  pixels: RgbaImage,
  run: RunDetector,
  reduction: number,
  scoreThreshold: number,
): Promise<Detection[]> {
  const { image, view } = letterbox(pixels);
  const detections = decode(await run(rgbBytes(image)), scoreThreshold);
  return detections.map((key) => toPhoto(key, { ...view, scale: view.scale * reduction }));
}

/** Return a detection in the network's input in pixels of the photo. */
function toPhoto(key: Detection, { scale, width }: View): Detection {
  const point = ([x, y]: Point): Point =>
    width === null ? [x * scale, y * scale] : [(width - y) * scale, x * scale];
  return { ...key, head: point(key.head), tip: point(key.tip), width: key.width * scale };
}

/** Return what is entirely inside a tile and not large in it, in coordinates of the photo. */
async function detectInTile(
  photo: Photo,
  tile: Tile,
  run: RunDetector,
  reduction: number,
  scoreThreshold: number,
): Promise<Detection[]> {
  const pixels = cropImage(photo.pixels, tile.left, tile.top, tile.width, tile.height);
  const maxLength = C.LARGE_KEY * Math.max(tile.width, tile.height) * reduction;
  const isWhole = (key: Detection): boolean =>
    [key.head, key.tip, ...boxOf(key)].every(([x, y]) =>
      isInside([x / reduction, y / reduction], tile, photo.pixels),
    );
  const shift = ([x, y]: Point): Point => [x + tile.left * reduction, y + tile.top * reduction];
  const detections = await detectPass(pixels, run, reduction, scoreThreshold);
  return detections
    .filter((key) => lengthOf(key) <= maxLength && isWhole(key))
    .map((key) => ({ ...key, head: shift(key.head), tip: shift(key.tip) }));
}

/**
 * Return whether a finer scale than the last may find more: at least half of the keys are small, or the whole photo
 * showed none.
 */
function needsFinerScale(detections: readonly Detection[], longerSide: number, scale: number): boolean {
  const lengths = detections.filter(({ remote }) => !remote).map(lengthOf);
  return lengths.length ? median(lengths) <= C.SMALL_KEY * scale * longerSide : scale === 1;
}

/** Return overlapping tiles that cover an image, in the proportions of the network's input. */
function tilesOf(pixels: RgbaImage, share: number): Tile[] {
  const longSide = roundEven(share * Math.max(pixels.width, pixels.height));
  const shortSide = Math.max(roundEven((longSide * HEIGHT) / WIDTH), 1);
  const isPortrait = pixels.height > pixels.width;
  const spans = (total: number, side: number): readonly (readonly [start: number, length: number])[] => {
    if (total <= side) return [[0, total]];
    const count = Math.ceil((total - side) / ((1 - C.TILE_OVERLAP) * side)) + 1;
    const step = (total - side) / (count - 1);
    const start = (i: number): number => (i === count - 1 ? total - side : Math.trunc(i * step));
    return Array.from({ length: count }, (_, i) => [start(i), side] as const);
  };
  const rows = spans(pixels.height, isPortrait ? longSide : shortSide);
  const columns = spans(pixels.width, isPortrait ? shortSide : longSide);
  return rows.flatMap(([top, height]) => columns.map(([left, width]) => ({ left, top, width, height })));
}

/** Return whether a point of a tile keeps its distance from the tile's edges, except where the image ends too. */
function isInside([x, y]: Point, tile: Tile, pixels: RgbaImage): boolean {
  const isWithin = (position: number, start: number, size: number, total: number): boolean =>
    (start === 0 || position >= C.TILE_BORDER) && (start + size >= total || position <= size - C.TILE_BORDER);
  return (
    isWithin(x, tile.left, tile.width, pixels.width) && isWithin(y, tile.top, tile.height, pixels.height)
  );
}
