/**
 * A photo -> every key in it.
 *
 * In:    Photo; a function that runs the detector's network
 * Out:   Detection(s), highest score first, in pixels of the upright original
 * Needs: geometry.ts, image.ts, photo.ts, postprocess.ts, resize.ts
 *
 * Same results as detect/detector.py. If several keys are detected, the outputs are averaged with those for the
 * transposed image. If no key, or only small keys, are detected, the photo is processed again in overlapping tiles, at
 * up to two finer scales.
 */

import { keypointDistance } from './assign';
import constants from './constants.json';
import type { Box, Mask, Point } from './geometry';
import { blank, cropImage, type RgbaImage, rgbBytes, transposeImage } from './image';
import { median, roundEven } from './numbers';
import type { Photo } from './photo';
import { type Detection, decode, transposeOutputs } from './postprocess';
import { resize } from './resize';
import type { DenseOutputs, Keypoints } from './trace';

const C = constants.detector;
const { SIDE } = constants.postprocess;
const { PAD_VALUE } = constants.align;

/** Run the detector's network on the (SIDE, SIDE, 3) RGB bytes of an image. */
export type RunDetector = (rgb: Uint8Array<ArrayBuffer>) => Promise<DenseOutputs>;

/** A rectangle of a photo's pixels. */
interface Tile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How a photo is searched. */
export interface DetectOptions {
  readonly scoreThreshold?: number;
  readonly singlePass?: boolean; // neither transposed nor tiled, as for camera frames
}

/** Return the keys in a photo, highest score first. */
export async function detectKeys(
  photo: Photo,
  run: RunDetector,
  { scoreThreshold = C.SCORE_THRESHOLD, singlePass = false }: DetectOptions = {},
): Promise<Detection[]> {
  const ratio = photo.width / photo.pixels.width;
  const longerSide = Math.max(photo.width, photo.height);
  const longerPixels = Math.max(photo.pixels.width, photo.pixels.height);
  let detections = await detectOnce(photo.pixels, run, ratio, scoreThreshold, singlePass);
  let fieldOfView = longerSide;
  for (const share of singlePass ? [] : C.TILE_SCALES) {
    if (longerPixels * share <= SIDE * C.MIN_TILE || !needsFinerScale(detections, fieldOfView)) break;
    fieldOfView = share * longerSide;
    const tiled: Detection[] = [];
    for (const tile of tilesOf(photo.pixels, share)) {
      tiled.push(...(await detectInTile(photo, tile, run, ratio, scoreThreshold)));
    }
    tiled.sort((key, other) => other.score - key.score);
    detections = withoutDuplicates([...tiled, ...detections]);
  }
  return detections;
}

/** Return an image fitted into the top left of (SIDE, SIDE) pixels, and its pixels per pixel of the result. */
export function letterbox(pixels: RgbaImage): { image: RgbaImage; scale: number } {
  const scale = Math.max(pixels.width, pixels.height) / SIDE;
  const width = Math.max(roundEven(pixels.width / scale), 1);
  const height = Math.max(roundEven(pixels.height / scale), 1);
  const image = blank(SIDE, SIDE, PAD_VALUE);
  const small = resize(pixels, width, height);
  for (let row = 0; row < height; row++) {
    image.data.set(small.data.subarray(4 * row * width, 4 * (row + 1) * width), 4 * row * SIDE);
  }
  return { image, scale };
}

/** Return the distance from head to tip, px. */
export function lengthOf(key: Detection): number {
  return Math.hypot(key.tip[0] - key.head[0], key.tip[1] - key.head[1]);
}

/** Return the keys in an image; where there are several, with outputs averaged over the transposed image. */
async function detectOnce(
  pixels: RgbaImage,
  run: RunDetector,
  ratio: number,
  scoreThreshold: number,
  singlePass = false,
): Promise<Detection[]> {
  const { image, scale } = letterbox(pixels);
  const fitted = (side: number): number => Math.max(Math.min(SIDE, roundEven(side / scale)), 1);
  const detectionsOf = (outputs: DenseOutputs): Detection[] =>
    decode(outputs, [fitted(pixels.width), fitted(pixels.height)], scale * ratio, scoreThreshold);
  const outputs = await run(rgbBytes(image));
  const detections = detectionsOf(outputs);
  if (detections.length < 2 || singlePass) return detections;
  const transposed = transposeOutputs(await run(rgbBytes(transposeImage(image))));
  if (detectionsOf(transposed).length === 0) return detections;
  return detectionsOf(outputs.map((value, i) => (value + (transposed[i] as number)) / 2));
}

/** Return the keys that are entirely inside a tile and not large in it, in coordinates of the photo. */
async function detectInTile(
  photo: Photo,
  tile: Tile,
  run: RunDetector,
  ratio: number,
  scoreThreshold: number,
): Promise<Detection[]> {
  const pixels = cropImage(photo.pixels, tile.left, tile.top, tile.width, tile.height);
  const maxLength = C.LARGE_KEY * Math.max(tile.width, tile.height) * ratio;
  const isWhole = ({ head, tip, box }: Detection): boolean =>
    [head, tip, ...box].every(([x, y]) => isInside([x / ratio, y / ratio], tile, photo.pixels));
  const detections = await detectOnce(pixels, run, ratio, scoreThreshold);
  return detections
    .filter((key) => lengthOf(key) <= maxLength && isWhole(key))
    .map((key) => shiftDetection(key, [tile.left * ratio, tile.top * ratio], photo));
}

function shiftDetection(key: Detection, [left, top]: Point, photo: Photo): Detection {
  const shift = ([x, y]: Point): Point => [x + left, y + top];
  const width = roundEven(photo.width / key.scale);
  const height = roundEven(photo.height / key.scale);
  const [first, second, third, fourth] = key.box;
  const box: Box = [shift(first), shift(second), shift(third), shift(fourth)];
  const mask = shiftMask(key.mask, [roundEven(left / key.scale), roundEven(top / key.scale)], width, height);
  return { ...key, box, head: shift(key.head), tip: shift(key.tip), mask };
}

function shiftMask(mask: Mask, [left, top]: Point, width: number, height: number): Mask {
  const data = new Uint8Array(width * height);
  const columns = Math.min(mask.width, width - left);
  for (let row = 0; row < Math.min(mask.height, height - top); row++) {
    const from = row * mask.width;
    data.set(mask.data.subarray(from, from + columns), (top + row) * width + left);
  }
  return { data, width, height };
}

/** Return whether a finer scale may find more: no key was detected, or at least half of them are small. */
function needsFinerScale(detections: readonly Detection[], fieldOfView: number): boolean {
  return detections.length === 0 || median(detections.map(lengthOf)) <= C.SMALL_KEY * fieldOfView;
}

/** Return overlapping tiles that cover an image. */
function tilesOf(pixels: RgbaImage, share: number): Tile[] {
  const side = roundEven(share * Math.max(pixels.width, pixels.height));
  const spans = (total: number): readonly (readonly [start: number, length: number])[] => {
    if (total <= side) return [[0, total]];
    const count = Math.ceil((total - side) / ((1 - C.TILE_OVERLAP) * side)) + 1;
    const step = (total - side) / (count - 1);
    const start = (i: number): number => (i === count - 1 ? total - side : Math.trunc(i * step));
    return Array.from({ length: count }, (_, i) => [start(i), side] as const);
  };
  return spans(pixels.height).flatMap(([top, height]) =>
    spans(pixels.width).map(([left, width]) => ({ left, top, width, height })),
  );
}

/** Return whether a point of a tile keeps its distance from the tile's edges, except where the image ends too. */
function isInside([x, y]: Point, tile: Tile, pixels: RgbaImage): boolean {
  const isWithin = (position: number, start: number, size: number, total: number): boolean =>
    (start === 0 || position >= C.TILE_BORDER) && (start + size >= total || position <= size - C.TILE_BORDER);
  return (
    isWithin(x, tile.left, tile.width, pixels.width) && isWithin(y, tile.top, tile.height, pixels.height)
  );
}

/** Return the keys, highest score first; of duplicates, the one that comes first in `keys`. */
function withoutDuplicates(keys: readonly Detection[]): Detection[] {
  const kept: Detection[] = [];
  for (const key of keys) if (!kept.some((other) => isDuplicate(key, other))) kept.push(key);
  return kept.sort((key, other) => other.score - key.score);
}

/**
 * Return whether two detections from different passes are the same key.
 *
 * Keypoints of small keys are noisy: where the centres agree, their distance may be larger.
 */
function isDuplicate(key: Detection, other: Detection): boolean {
  const [centre, otherCentre] = [centreOf(key.box), centreOf(other.box)];
  const centreDistance = Math.hypot(centre[0] - otherCentre[0], centre[1] - otherCentre[1]);
  const relative = centreDistance / Math.max(lengthOf(other), 1e-6);
  const distance = keypointDistance(keypointsOf(key), keypointsOf(other));
  return distance <= C.NMS_DISTANCE || (distance <= C.LOOSE_NMS_DISTANCE && relative <= C.NMS_DISTANCE / 2);
}

function centreOf(box: Box): Point {
  const mean = (axis: 0 | 1): number => box.reduce((sum, corner) => sum + corner[axis], 0) / box.length;
  return [mean(0), mean(1)];
}

function keypointsOf(key: Detection): Keypoints {
  return Float64Array.of(...key.head, ...key.tip);
}
