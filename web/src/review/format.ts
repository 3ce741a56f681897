/**
 * Numbers, times and dates as text.
 *
 * In:    values
 * Out:   texts
 * Needs: nothing
 */

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const NUMBER = new Intl.NumberFormat('en-GB');
const PERCENT = new Intl.NumberFormat('en-GB', { style: 'percent', maximumFractionDigits: 0 });

/** Format a whole number. */
export function count(value: number): string {
  return NUMBER.format(value);
}

/** Return a number with its noun. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Format a share of 1. */
export function percent(share: number): string {
  return PERCENT.format(share);
}

/** Format a score, or a difference of scores, which has a sign. */
export function score(value: number, isDifference = false): string {
  const text = Math.abs(value).toFixed(3);
  if (!isDifference) return text;
  return `${value < 0 ? '\u2212' : '+'}${text}`;
}

/** Return seconds as minutes and seconds. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return minutes ? `${minutes} min ${rest} s` : `${rest} s`;
}

/** Format a point in time; what is none stays as it is. */
export function dateText(when: string): string {
  const date = new Date(when);
  return Number.isNaN(date.getTime()) ? when : DATE.format(date);
}
