/**
 * The days of the history, as headings.
 *
 * In:    times
 * Out:   groups by day; "Today", "Yesterday", "Monday, 2 March" in the user's language
 * Needs: nothing
 */

/** The items of a day. */
export interface Day<T> {
  readonly start: number; // ms since 1970, in the device's time zone
  readonly items: readonly T[];
}

const HOURS = 24;
const HOUR = 3_600_000; // ms

/** Group items, whose ids are times in ms, by day; their order stays. */
export function byDay<T extends { readonly id: number }>(items: readonly T[]): Day<T>[] {
  const days = new Map<number, T[]>();
  for (const item of items) {
    const start = startOfDay(item.id);
    const day = days.get(start);
    if (day) day.push(item);
    else days.set(start, [item]);
  }
  return [...days].map(([start, each]) => ({ start, items: each }));
}

/** Return the heading of a day. */
export function dayHeading(start: number, now: number, language: string): string {
  const daysAgo = Math.round((startOfDay(now) - start) / (HOURS * HOUR)); // rounded: not all days have 24 hours
  if (daysAgo === 0 || daysAgo === 1)
    return capitalised(
      new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(-daysAgo, 'day'),
      language,
    );
  const isThisYear = new Date(start).getFullYear() === new Date(now).getFullYear();
  const year = isThisYear ? {} : { year: 'numeric' as const };
  const format = new Intl.DateTimeFormat(language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...year,
  });
  return capitalised(format.format(start), language);
}

/** Return the user's own variant of a language, which decides how dates are written: en-GB for en. */
export function dateLocale(language: string, preferred: readonly string[]): string {
  return preferred.find((tag) => tag === language || tag.startsWith(`${language}-`)) ?? language;
}

/** Return the time of a photo: "14:05". */
export function timeOfDay(time: number, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' }).format(time);
}

function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

function capitalised(text: string, language: string): string {
  return text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
}
