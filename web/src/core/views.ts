/**
 * A key cut out, seen as it is and mirrored along its axis -> one answer.
 *
 * In:    a crop; the classifier
 * Out:   Answer, the mean of the views
 * Needs: judge.ts, picture.ts
 *
 * The same as `answers` in model.py: mirrored along its axis a key is of the same kind, and the network learned both.
 */

import constants from './constants.json';
import type { Answer } from './judge';
import { channels, type Picture } from './picture';

const { GRID } = constants.model;

/** The classifier: what it says of red, green and blue of (SIZE, SIZE) pixels. */
export type Classify = (pixels: Uint8Array<ArrayBuffer>) => Promise<Answer>;

export const VIEWS = ['plain', 'mirrored'] as const;
export type View = (typeof VIEWS)[number];

/** Return the mean answer to some views of a crop. */
export async function answerTo(crop: Picture, classify: Classify, views: readonly View[]): Promise<Answer> {
  const answers: Answer[] = [];
  for (const view of views) answers.push(await answerToView(crop, classify, view));
  return answers.length === 1 ? (answers[0] as Answer) : meanOf(answers);
}

/** Return a picture upside down. */
export function mirrored(picture: Picture): Picture {
  const data = new Uint8ClampedArray(picture.data.length);
  const stride = 4 * picture.width;
  for (let row = 0; row < picture.height; row++) {
    const from = (picture.height - 1 - row) * stride;
    data.set(picture.data.subarray(from, from + stride), row * stride);
  }
  return { ...picture, data };
}

async function answerToView(crop: Picture, classify: Classify, view: View): Promise<Answer> {
  if (view === 'plain') return classify(channels(crop));
  const answer = await classify(channels(mirrored(crop)));
  return { ...answer, maps: answer.maps && turned(answer.maps) };
}

/** Return class maps (GRID, GRID, kinds) upside down. */
function turned(maps: Float32Array): Float32Array {
  const row = maps.length / GRID;
  const back = new Float32Array(maps.length);
  for (let place = 0; place < GRID; place++) {
    back.set(maps.subarray((GRID - 1 - place) * row, (GRID - place) * row), place * row);
  }
  return back;
}

function meanOf(answers: readonly Answer[]): Answer {
  const mean = (arrays: readonly (Float32Array | null)[]): Float32Array | null => {
    const [first] = arrays;
    if (!first || arrays.includes(null)) return null;
    return first.map((_, place) => arrays.reduce((sum, one) => sum + (one?.[place] ?? 0), 0) / arrays.length);
  };
  const novelties = answers.map(({ novelty }) => novelty);
  const told = novelties.every((one): one is number => one !== null);
  return {
    probabilities: mean(answers.map(({ probabilities }) => probabilities)) as Float32Array,
    maps: mean(answers.map(({ maps }) => maps)),
    novelty: told ? novelties.reduce<number>((sum, one) => sum + (one ?? 0), 0) / novelties.length : null,
  };
}
