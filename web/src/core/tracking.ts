/**
 * Keys of one camera frame after another -> keys that stay, with answers that do not flicker.
 *
 * In:    what was told of the last frames, and of this one
 * Out:   Track(s): an answer averaged over frames, and for how many frames it has been the same
 * Needs: judge.ts, naming.ts
 */

import type { Card } from './card';
import { CAUSES, type Cause } from './causes';
import constants from './constants.json';
import { type Answer, judge, type Verdict } from './judge';
import { apart, type Ends } from './naming';

const NEWEST = 0.4; // share of this frame in the average: an answer settles in about five frames

/** What of a key lasts. */
export interface Track {
  readonly ends: Ends; // px of the frame
  readonly answer: Answer; // averaged; the maps are this frame's
  readonly verdict: Verdict;
  readonly causes: readonly Cause[]; // of this frame, told of an unsure answer alone
  readonly frames: number; // for which the answer has been the same
}

/** What a frame tells of a key. */
export interface Glimpse {
  readonly ends: Ends;
  readonly answer: Answer;
  readonly causes: readonly Cause[]; // whatever the answer is
}

/** Return the tracks after one more frame; a key that is not seen in it is forgotten. */
export function track(before: readonly Track[], glimpses: readonly Glimpse[], card: Card): Track[] {
  const free = new Set(before);
  return glimpses.map((glimpse) => {
    const last = [...free].find((one) => apart(one.ends, glimpse.ends) <= constants.detector.ABOUT);
    if (last) free.delete(last);
    const answer = last ? averaged(last.answer, glimpse.answer) : glimpse.answer;
    const verdict = judge(answer, card);
    const same = last && last.verdict.kind === verdict.kind && last.verdict.isKey === verdict.isKey;
    const unsure = verdict.isKey && verdict.kind === null;
    const causes = unsure ? CAUSES.filter((cause) => glimpse.causes.includes(cause)) : [];
    return { ends: glimpse.ends, answer, verdict, causes, frames: same ? last.frames + 1 : 1 };
  });
}

function averaged(old: Answer, now: Answer): Answer {
  const mean = (before: number, after: number): number => before * (1 - NEWEST) + after * NEWEST;
  const probabilities = now.probabilities.map((value, kind) => mean(old.probabilities[kind] ?? value, value));
  const novelty = old.novelty === null || now.novelty === null ? now.novelty : mean(old.novelty, now.novelty);
  return { probabilities, maps: now.maps, novelty };
}
