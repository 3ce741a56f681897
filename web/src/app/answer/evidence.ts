/**
 * Where a heat map is brightest, in words.
 *
 * In:    a key, with and without the heat map
 * Out:   the part of the key: along it, and across it
 * Needs: core/gradcam.ts, words
 *
 * The map is drawn over the key with a known strength (core/gradcam.ts), so that its colours can be computed back.
 */

import { constants } from '../../core';
import { t } from '../../words';

const { STRENGTH } = constants.gradcam;
const GRID = [6, 3] as const; // cells along and across the key that are compared
const EDGE = 1 / 3; // of the key's length at either end

/** The middle of the brightest cell, as shares of the crop's length and width. */
export interface Part {
  readonly along: number;
  readonly across: number;
}

/** Return where the map is brightest. */
export function strongestPart(map: ImageBitmap, image: ImageBitmap): Part {
  const [over, below] = [small(map), small(image)];
  let [best, highest] = [0, -Infinity];
  for (let i = 0; i < GRID[0] * GRID[1]; i++) {
    const level = levelOf(over, below, 4 * i);
    if (level > highest) [best, highest] = [i, level];
  }
  return {
    along: ((best % GRID[0]) + 0.5) / GRID[0],
    across: (Math.floor(best / GRID[0]) + 0.5) / GRID[1],
  };
}

/** Return a part in words; the crop has the head on the left. */
export function evidenceText({ along }: Part): string {
  if (along < EDGE) return t('answer.strongestHead');
  return t(along > 1 - EDGE ? 'answer.strongestTip' : 'answer.strongestMiddle');
}

/** Return the luma of the map's colour: it rises with the evidence. */
function levelOf(over: Uint8ClampedArray, below: Uint8ClampedArray, at: number): number {
  const [r = 0, g = 0, b = 0] = [0, 1, 2].map((channel) => {
    const [mixed, own] = [over[at + channel] ?? 0, below[at + channel] ?? 0];
    return (mixed - (1 - STRENGTH) * own) / STRENGTH;
  });
  return 0.299 * r + 0.587 * g + 0.114 * b;
}

function small(bitmap: ImageBitmap): Uint8ClampedArray {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = GRID;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return new Uint8ClampedArray(4 * GRID[0] * GRID[1]);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, ...GRID);
  return context.getImageData(0, 0, ...GRID).data;
}

