/**
 * A photo -> what keys it shows.
 *
 * In:    how to read the photo; what runs the two networks; the model's card
 * Out:   Sight(s), the surest key first
 * Needs: cutting.ts, judge.ts, causes.ts
 *
 * The same as Recogniser in predict.py, and the causes of "not sure" besides.
 */

import type { Card } from './card';
import { type Cause, causesOf, type Measures, measure } from './causes';
import constants from './constants.json';
import { cutKeys, type Read, scaleOf, sharpEnough } from './cutting';
import type { Look, Photo, Search } from './finder';
import { type Answer, judge, type Verdict } from './judge';
import type { Box } from './masks';
import type { Picture, Point } from './picture';
import { resize } from './resize';
import type { Found } from './separation';
import { type Cut, shownFrom } from './straighten';
import { answerTo, type Classify, VIEWS, type View } from './views';

const { SIZE, WHOLE } = constants.card;

/** The two networks at work. */
export interface Networks {
  readonly look: Look;
  readonly classify: Classify;
  readonly card: Card;
}

/** How a photo is searched, and which views of a key cut out are asked for: all, but for a camera. */
export interface Sought extends Search {
  readonly views?: readonly View[];
}

/** A part of a photo that was looked at, and what is said of it. */
export interface Sight {
  readonly box: Box;
  readonly head: Point | null; // null: the whole photo was looked at
  readonly tip: Point | null;
  readonly found: Found | null;
  readonly cut: Cut | null;
  readonly crop: Picture; // what the model saw
  readonly answer: Answer;
  readonly verdict: Verdict;
  readonly measures: Measures;
  readonly causes: readonly Cause[]; // of "not sure", the gravest first; none are told of other answers
}

/** Return what a photo shows: all that was looked at, also what turned out to be no key. */
export async function recognise(read: Read, networks: Networks, search: Sought = {}): Promise<Sight[]> {
  if (networks.card.crop === WHOLE) return [await sightOfAll(await read(SIZE), networks)];
  const pieces = await cutKeys(read, networks.look, search);
  const sights: Sight[] = [];
  for (const { found, cut, crop } of pieces) {
    const { box, head, tip } = found;
    sights.push(await sightOf({ box, head, tip, found, cut, crop }, networks, search.views ?? VIEWS));
  }
  return sights;
}

/** Return a key as a person is shown it, (height, SLIM * height) px; the whole photo for a key without a cut. */
export async function shown(read: Read, sight: Pick<Sight, 'cut'>, height: number): Promise<Picture> {
  const { cut } = sight;
  if (cut === null) return wholeShown(await read(height), height);
  const photo = await sharpEnough(await read(constants.crops.FIRST), read, [cut], 2 * height);
  return shownFrom(cut, photo.pixels, scaleOf(photo), height);
}

function wholeShown({ pixels }: Photo, height: number): Picture {
  const share = Math.min(1, height / Math.min(pixels.width, pixels.height));
  return resize(pixels, Math.round(pixels.width * share), Math.round(pixels.height * share));
}

async function sightOfAll({ pixels, width, height }: Photo, networks: Networks): Promise<Sight> {
  const box: Box = [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ];
  const crop = resize(pixels, SIZE, SIZE);
  return sightOf({ box, head: null, tip: null, found: null, cut: null, crop }, networks, ['plain']);
}

async function sightOf(
  part: Pick<Sight, 'box' | 'head' | 'tip' | 'found' | 'cut' | 'crop'>,
  { classify, card }: Networks,
  views: readonly View[],
): Promise<Sight> {
  const answer = await answerTo(part.crop, classify, views);
  const verdict = judge(answer, card);
  const measures = measure(part.crop, part.cut, part.found);
  const unsure = verdict.isKey && verdict.kind === null;
  return { ...part, answer, verdict, measures, causes: unsure ? causesOf(measures) : [] };
}
