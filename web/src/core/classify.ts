/**
 * Classify a key's crop with test-time augmentation: as it is and, unless that is certain, mirrored along its axis.
 *
 * In:    a crop; a function that runs the classifier's network
 * Out:   ClassifierOutputs, averaged over the views
 * Needs: card.ts, image.ts, verdict.ts
 *
 * Same results as Model.predict in model/model.py. A key mirrored along its axis is of the same kind, and the network was
 * trained on both views.
 */

import type { Card } from './card';
import constants from './constants.json';
import { flipVertically, type RgbaImage, rgbBytes } from './image';
import type { ClassifierOutputs } from './verdict';

const { GRID, CERTAIN_PROBABILITY, CERTAIN_OOD } = constants.model;

/** Run the classifier's network on the (SIZE, SIZE, 3) RGB bytes of a crop. */
export type RunClassifier = (rgb: Uint8Array<ArrayBuffer>) => Promise<ClassifierOutputs>;

export const VIEWS = ['plain', 'mirrored'] as const;
export type View = (typeof VIEWS)[number];

/** Return the mean outputs over views of a crop; only those of the first view if they are certain. */
export async function classifyViews(
  crop: RgbaImage,
  run: RunClassifier,
  views: readonly View[],
  { oodThreshold }: Pick<Card, 'oodThreshold'>,
): Promise<ClassifierOutputs> {
  const outputs: ClassifierOutputs[] = [];
  for (const view of views) {
    if (outputs[0] && isCertain(outputs[0], oodThreshold)) break;
    outputs.push(await classifyView(crop, run, view));
  }
  return outputs.length === 1 ? (outputs[0] as ClassifierOutputs) : meanOutputs(outputs);
}

/** Return whether another view would hardly change the outputs. */
function isCertain({ probabilities, oodScore }: ClassifierOutputs, oodThreshold: number | null): boolean {
  const isKnown = oodThreshold === null || oodScore === null || oodScore < CERTAIN_OOD * oodThreshold;
  return isKnown && Math.max(...probabilities) >= CERTAIN_PROBABILITY;
}

async function classifyView(crop: RgbaImage, run: RunClassifier, view: View): Promise<ClassifierOutputs> {
  if (view === 'plain') return run(rgbBytes(crop));
  const outputs = await run(rgbBytes(flipVertically(crop)));
  return { ...outputs, maps: outputs.maps && flipMaps(outputs.maps) };
}

/** Return (GRID, GRID, kinds) class maps mirrored top to bottom. */
function flipMaps(maps: Float32Array): Float32Array {
  const stride = maps.length / GRID;
  const flipped = new Float32Array(maps.length);
  for (let row = 0; row < GRID; row++) {
    flipped.set(maps.subarray((GRID - 1 - row) * stride, (GRID - row) * stride), row * stride);
  }
  return flipped;
}

function meanOutputs(outputs: readonly ClassifierOutputs[]): ClassifierOutputs {
  const scores = outputs.map(({ oodScore }) => oodScore).filter((score) => score !== null);
  return {
    probabilities: meanArray(outputs.map(({ probabilities }) => probabilities)) as Float32Array,
    maps: meanArray(outputs.map(({ maps }) => maps)),
    oodScore:
      scores.length === outputs.length ? scores.reduce((sum, score) => sum + score, 0) / scores.length : null,
    features: meanArray(outputs.map(({ features }) => features)),
  };
}

/** Return the elementwise mean; null if any of the arrays is missing. */
function meanArray(arrays: readonly (Float32Array | null)[]): Float32Array | null {
  const [first] = arrays;
  if (!first || arrays.includes(null)) return null;
  return first.map((_, i) => arrays.reduce((sum, array) => sum + (array?.[i] ?? 0), 0) / arrays.length);
}
