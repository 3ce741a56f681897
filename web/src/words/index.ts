/**
 * The words of the app in the reader's language.
 *
 * In:    en.json, de.json, fr.json; the browser's languages, or the one that was chosen
 * Out:   say(): a sentence with its values put in; numbers as that language writes them
 * Needs: nothing
 */

import de from './de.json';
import en from './en.json';
import fr from './fr.json';

export type Word = keyof typeof en;

export const LANGUAGES: Readonly<Record<string, Readonly<Record<Word, string>>>> = { en, de, fr };
const CHOSEN = 'keykind-language'; // under which the choice is kept on this device

let language = wanted();

/** Return the language in use. */
export function languageNow(): string {
  return language;
}

/** Use another language from now on. */
export function choose(other: string): void {
  language = other in LANGUAGES ? other : 'en';
  try {
    localStorage.setItem(CHOSEN, language);
  } catch {
    // A browser that keeps nothing chooses anew at the next visit.
  }
  document.documentElement.lang = language;
}

/** Return a sentence; {name} in it becomes the value of that name. */
export function say(word: Word, values: Readonly<Record<string, string | number>> = {}): string {
  const words = LANGUAGES[language] ?? en;
  return words[word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** Return what a kind is called; one that a person trained keeps its own name. */
export function sayKind(kind: string): string {
  const word = `kind.${kind}`;
  return word in en ? say(word as Word) : kind.replaceAll('_', ' ');
}

/** Return how to tell a kind; empty where that is not known. */
export function sayTell(kind: string): string {
  const word = `tell.${kind}`;
  return word in en ? say(word as Word) : '';
}

/** Return a share of 1 in percent. */
export function percent(share: number): string {
  return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 }).format(share);
}

/** Return a number with at most so many digits behind the point. */
export function number(value: number, digits: number): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

function wanted(): string {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(CHOSEN);
  } catch {
    // As in `choose`.
  }
  const asked = kept ? [kept] : navigator.languages;
  return asked.map((one) => one.slice(0, 2).toLowerCase()).find((one) => one in LANGUAGES) ?? 'en';
}
