/**
 * Trace the offset field of the detector from each grid cell to its key's head and tip.
 *
 * In:    DenseOutputs; cells of the grid
 * Out:   Keypoints: head and tip of each cell's key
 * Needs: constants.json
 *
 * Same results as detect/postprocess.py. Offsets are traced from cell to cell because, far from a keypoint, a cell
 * predicts only the direction to it.
 */

import constants from './constants.json';

const C = constants.postprocess;

/**
 * The detector's outputs, (GRID, GRID, CHANNELS) float32.
 *
 * Offsets are relative to the centre of the cell, in units of SIDE.
 */
export type DenseOutputs = Float32Array;
/** Head and tip of a key, px of the network's input: x, y, x, y. */
export type Keypoints = Float64Array;

export const CHANNELS = C.OUTPUTS.length;
const [FIRST_OFFSET] = C.OFFSETS as [number, number];
const TRACE_THRESHOLD = Math.fround(C.TRACE_THRESHOLD); // single precision, as in NumPy's comparisons
const CONVERGED = 1; // px: tracing stops after a shorter step

/** Return the keypoints to which the offsets of a cell lead. */
export function traceKeypoints(outputs: DenseOutputs, cell: number): Keypoints {
  const head = trace(outputs, cell, 0);
  const tip = trace(outputs, cell, 1);
  return Float64Array.of(...head, ...tip);
}

/** Trace offsets to the head (0) or tip (1), until they leave the key, turn back or converge. */
function trace(outputs: DenseOutputs, start: number, keypoint: 0 | 1): readonly [number, number] {
  const [firstX, firstY] = offsetAt(outputs, start, keypoint);
  const firstLength = Math.hypot(firstX, firstY);
  let [x, y] = [cellCentre(start % C.GRID) + firstX, cellCentre(Math.floor(start / C.GRID)) + firstY];
  for (let step = 0; step < C.MAX_STEPS; step++) {
    const [column, row] = [Math.floor(x / C.STRIDE), Math.floor(y / C.STRIDE)];
    if (column < 0 || column >= C.GRID || row < 0 || row >= C.GRID) break;
    const cell = row * C.GRID + column;
    if ((outputs[cell * CHANNELS + C.KEY] as number) < TRACE_THRESHOLD) break;
    const [dx, dy] = offsetAt(outputs, cell, keypoint);
    const length = Math.hypot(dx, dy);
    const isAhead = dx * firstX + dy * firstY > C.MIN_COSINE * length * firstLength;
    if (!isAhead && length >= C.STRIDE) break;
    const [nextX, nextY] = [cellCentre(column) + dx, cellCentre(row) + dy];
    const converged = Math.hypot(nextX - x, nextY - y) <= CONVERGED;
    [x, y] = [nextX, nextY];
    if (converged) break;
  }
  return [x, y];
}

function offsetAt(outputs: DenseOutputs, cell: number, keypoint: 0 | 1): readonly [number, number] {
  const i = cell * CHANNELS + FIRST_OFFSET + 2 * keypoint;
  return [Math.fround((outputs[i] as number) * C.SIDE), Math.fround((outputs[i + 1] as number) * C.SIDE)];
}

/** Return the centre of a row or column of cells, px. */
export function cellCentre(index: number): number {
  return (index + 0.5) * C.STRIDE;
}
