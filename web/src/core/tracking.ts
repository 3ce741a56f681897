/**
 * Track keys from camera frame to camera frame, so that answers do not flicker.
 *
 * In:    the tracks so far; the keys in this frame
 * Out:   Track(s): outputs averaged over frames, and for how many frames the answer has been the same
 * Needs: causes.ts, decision.ts, detection.ts, verdict.ts
 */

import { CAUSES, type Cause } from './causes';
import constants from './constants.json';
import type { Evidence } from './decision';
import { type Keypoints, nearest } from './detection';
import { type ClassifierOutputs, type Rule, type Verdict, verdictOf } from './verdict';

const SMOOTHING = 0.4; // weight of the current frame: an answer settles in about five frames
const MAX_MISSED = 2; // frames without a key, after which its average is forgotten

/** A key in one frame, in pixels of it. */
export interface FrameKey extends Keypoints {
  readonly outputs: ClassifierOutputs;
  readonly evidence: Evidence;
  readonly causes: readonly Cause[]; // whatever the verdict
}

/** A key over several frames, in pixels of the current one. */
export interface Track extends Keypoints {
  readonly outputs: ClassifierOutputs; // averaged; the maps are those of the current frame
  readonly evidence: Evidence; // of the current frame, with the averaged score
  readonly verdict: Verdict;
  readonly causes: readonly Cause[]; // in the current frame; empty unless the verdict is "not sure"
  readonly frames: number; // for which the verdict has been the same
  readonly missed: number; // frames since the last one that showed the key
}

/**
 * Return the tracks after one more frame: of its keys, in their order, then of keys that are missing from it.
 *
 * A missing key keeps its average for a frame or two, in which the detector may overlook it.
 */
export function updateTracks(tracks: readonly Track[], keys: readonly FrameKey[], rule: Rule): Track[] {
  const unmatched = new Set(tracks);
  const found = keys.map((key) => {
    const previous = nearest(key, unmatched, constants.duplicates.LOOSE_DUPLICATE_DISTANCE);
    if (previous) unmatched.delete(previous);
    const outputs = previous ? smooth(previous.outputs, key.outputs) : key.outputs;
    const evidence = previous ? smoothScore(previous.evidence, key.evidence) : key.evidence;
    const verdict = verdictOf(outputs, evidence, rule);
    const isSame = previous?.verdict.kind === verdict.kind && previous.verdict.isKey === verdict.isKey;
    const causes = verdict.reason === null ? [] : CAUSES.filter((cause) => key.causes.includes(cause));
    const frames = isSame ? previous.frames + 1 : 1;
    return { head: key.head, tip: key.tip, outputs, evidence, verdict, causes, frames, missed: 0 };
  });
  const missing = [...unmatched].filter(({ missed }) => missed < MAX_MISSED);
  return [...found, ...missing.map((track) => ({ ...track, missed: track.missed + 1 }))];
}

function smoothScore(average: Evidence, current: Evidence): Evidence {
  if (average.score === null || current.score === null) return current;
  return { ...current, score: mix(average.score, current.score) };
}

function mix(old: number, value: number): number {
  return old * (1 - SMOOTHING) + value * SMOOTHING;
}

function smooth(average: ClassifierOutputs, current: ClassifierOutputs): ClassifierOutputs {
  const probabilities = current.probabilities.map((value, i) =>
    mix(average.probabilities[i] ?? value, value),
  );
  const oodScore =
    average.oodScore === null || current.oodScore === null
      ? current.oodScore
      : mix(average.oodScore, current.oodScore);
  const features = current.features?.map((value, i) => mix(average.features?.[i] ?? value, value)) ?? null;
  return { probabilities, maps: current.maps, oodScore, features };
}
