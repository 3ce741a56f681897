/**
 * Why a model file cannot be used.
 *
 * In:    a problem and its details
 * Out:   ModelError
 * Needs: nothing
 */

export const MODEL_PROBLEMS = [
  'notModel', // not a TFLite file
  'noCard', // a TFLite file that keykind did not export, or one that is cut off
  'newer', // of a later version of keykind
  'damaged', // hashes differ
  'card', // an entry of the card is not valid
  'network', // not one that keykind runs
  'fails', // the runtime cannot run it
  'tooLarge',
  'noDetector', // it needs crops of keys, and this app has no detector
] as const;
export type ModelProblem = (typeof MODEL_PROBLEMS)[number];

/** A model file that cannot be used; the message has the details, in English. */
export class ModelError extends Error {
  constructor(
    readonly problem: ModelProblem,
    message: string,
  ) {
    super(message);
  }
}
