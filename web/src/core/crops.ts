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
  const photo = await readSharp(coarse, read, regions);
  return detections.map((detection, i) => {
    const region = regions[i] as OrientedCrop;
    return { detection, region, crop: extract(region, photo.pixels, scaleOf(photo)), photo };
  });
}

/** Return the photo at a resolution sufficient for the smallest of some regions at `size` px. */
export async function readSharp(
  photo: Photo,
  read: ReadPhoto,
  regions: readonly OrientedCrop[],
  size: number = SIZE,
): Promise<Photo> {
  const scale = Math.min(Math.max(0, ...regions.map((region) => size / region.width)), 1);
  if (scaleOf(photo) >= C.MIN_RESOLUTION * scale) return photo;
  return read(Math.ceil(scale * Math.min(photo.width, photo.height)));
}
