/**
 * A photo -> the crop of each key, sampled from a sufficient resolution of the photo.
 *
 * In:    a function that reads the photo; one that runs the detector's network
 * Out:   KeyCrop(s), highest score first
 * Needs: align.ts, detection.ts, detector.ts, photo.ts
 *
 * Same results as detect/crops.py.
 */

import { cropAround, extract, type OrientedCrop } from './align';
import constants from './constants.json';
import { boxOf, type Detection } from './detection';
import { type DetectOptions, detectAll, type RunDetector } from './detector';
import type { RgbaImage } from './image';
import { type Photo, type ReadPhoto, scaleOf } from './photo';

const C = constants.crops;
const { SIZE } = constants.card;

/** A detected key and its crop. */
export interface KeyCrop {
  readonly detection: Detection;
  readonly region: OrientedCrop;
  readonly crop: RgbaImage; // the classifier's input
  readonly photo: Photo; // from which it was sampled
}

/** Return the crop of each key and each remote in a photo. */
export async function cropAll(
  read: ReadPhoto,
  run: RunDetector,
  options: DetectOptions = {},
): Promise<KeyCrop[]> {
  const coarse = await read(C.DETECTION_SIDE);
  const detections = await detectAll(coarse, run, options);
  const regions = detections.map((key) => cropAround(key.head, key.tip, boxOf(key)));
  const finer = await readSharp(coarse, read, regions);
  return detections.map((detection, i) => {
    const region = regions[i] as OrientedCrop;
    const photo = suffices(coarse, region) ? coarse : finer;
    return { detection, region, crop: extract(region, photo.pixels, scaleOf(photo)), photo };
  });
}

/** Return the photo at a resolution that suffices for each of some regions at `size` px. */
export async function readSharp(
  photo: Photo,
  read: ReadPhoto,
  regions: readonly OrientedCrop[],
  size: number = SIZE,
): Promise<Photo> {
  if (regions.every((region) => suffices(photo, region, size))) return photo;
  const scale = Math.max(...regions.map((region) => neededScale(region, size)));
  return read(Math.ceil(scale * Math.min(photo.width, photo.height)));
}

function suffices(photo: Photo, region: OrientedCrop, size: number = SIZE): boolean {
  return scaleOf(photo) >= neededScale(region, size);
}

/** Return the least pixels read per pixel of the original for a region's crop. */
function neededScale(region: OrientedCrop, size: number): number {
  return C.MIN_RESOLUTION * Math.min(size / region.width, 1);
}
