/**
 * Numbers as Python and NumPy make them.
 *
 * In:    numbers
 * Out:   roundings, medians, percentiles
 * Needs: nothing
 */

/** Return the nearest whole number, of two the even one: Python's `round` and NumPy's `rint`. */
export function roundEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Return the median; NaN of nothing. */
export function median(values: ArrayLike<number>): number {
  return percentile(values, 50);
}

/** Return the value below which so many percent lie, between two of them in proportion. */
export function percentile(values: ArrayLike<number>, percent: number): number {
  return sortedPercentile(Float64Array.from(values).sort(), percent);
}

/** Return the same of values that are sorted. */
export function sortedPercentile(sorted: Float64Array, percent: number): number {
  const place = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[below + 1] ?? low;
  return low + (high - low) * (place - below);
}

/** Return the value, or the nearest limit. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
