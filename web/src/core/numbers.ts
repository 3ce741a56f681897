/**
 * Rounding and statistics with the results of Python and NumPy.
 *
 * In:    numbers
 * Out:   rounded values, medians, percentiles
 * Needs: nothing
 */

/** Round to the nearest integer, halves to even: Python's `round`, NumPy's `rint`. */
export function roundEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Return the median; NaN if there are no values. */
export function median(values: ArrayLike<number>): number {
  return percentile(values, 50);
}

/** Return a percentile (0 to 100), interpolated linearly. */
export function percentile(values: ArrayLike<number>, percent: number): number {
  const sorted = Float64Array.from(values).sort();
  const position = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[below + 1] ?? low;
  return low + (high - low) * (position - below);
}

/** Limit a value to low..high. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
