import { describe, expect, test } from 'vitest';
import { byDay, dateLocale, dayHeading } from '../../../src/app/history/days';

const NOW = new Date(2026, 5, 17, 9, 30).getTime(); // a Wednesday
const at = (day: number, hour: number, month = 5, year = 2026): number =>
  new Date(year, month, day, hour).getTime();

describe('byDay', () => {
  test('groups by the day of the device’s time zone', () => {
    const items = [17, 16, 16].map((day, i) => ({ id: at(day, 23 - i) }));
    expect(byDay(items).map((day) => day.items.length)).toEqual([1, 2]);
    expect(byDay(items)[1]?.start).toBe(at(16, 0));
  });
});

describe('dayHeading', () => {
  test.each([
    ['en-GB', at(17, 0), 'Today'],
    ['de', at(16, 0), 'Gestern'],
    ['fr', at(17, 0), 'Aujourd’hui'],
    ['en-US', at(12, 0), 'Friday, June 12'],
    ['de', at(12, 0), 'Freitag, 12. Juni'],
    ['de', at(31, 0, 11, 2025), 'Mittwoch, 31. Dezember 2025'],
  ])('in %s', (locale, start, heading) => {
    expect(dayHeading(start, NOW, locale)).toBe(heading);
  });

  test('takes the day before a change of the clocks for yesterday', () => {
    expect(dayHeading(at(28, 0, 2), at(29, 12, 2), 'en')).toBe('Yesterday');
  });
});

describe('dateLocale', () => {
  test('is the user’s variant of the app’s language', () => {
    expect(dateLocale('en', ['fr-CA', 'en-GB', 'en'])).toBe('en-GB');
    expect(dateLocale('de', ['en-GB'])).toBe('de');
  });
});
