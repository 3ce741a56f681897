/**
 * The app's messages, in the user's language.
 *
 * In:    <language>.json in this folder, one file a language; the browser's languages, or the user's choice
 * Out:   t(): a message with its values filled in; numbers in the language's format. For a model whose classes are not
 *        keys, a message `<key>.any` takes the place of `<key>`
 * Needs: nothing
 *
 * To add a language, add its file: named by its BCP 47 tag, with the keys of en.json. A missing message is shown in
 * English.
 */

import english from './en.json';

export type MessageKey = keyof typeof english;
type Messages = Readonly<Record<MessageKey, string>>;

const FALLBACK = 'en';
const STORAGE_KEY = 'keykind-language';

const files = import.meta.glob<Partial<Messages>>('./*.json', { eager: true, import: 'default' });
const languages = new Map<string, Messages>(
  Object.entries(files).map(([path, messages]) => [path.slice(2, -5), { ...english, ...messages }]),
);

let language = preferredLanguage();
let areKeys = true;

/** Choose the words: for kinds of keys, or for classes of anything. */
export function setSubject(ofKeys: boolean): void {
  areKeys = ofKeys;
}

/** Return whether the words are for kinds of keys. */
export function isAboutKeys(): boolean {
  return areKeys;
}

/** Return the languages on offer: tag and own name. */
export function languageNames(): [language: string, name: string][] {
  return [...languages].map(([tag, messages]) => [tag, messages['language.name']]);
}

/** Return the tag of the language in use. */
export function currentLanguage(): string {
  return language;
}

/** Switch to a language, and remember the choice on this device. */
export function setLanguage(tag: string): void {
  language = findLanguage(tag) ?? FALLBACK;
  try {
    localStorage.setItem(STORAGE_KEY, language);
  } catch {
    // Without storage, the choice lasts until the page is closed.
  }
  document.documentElement.lang = language;
}

/** Return a message with each {name} replaced by its value. */
export function t(key: MessageKey, values: Readonly<Record<string, string | number>> = {}): string {
  const messages = languages.get(language) ?? english;
  const message = (areKeys ? undefined : messages[`${key}.any` as MessageKey]) ?? messages[key];
  return message.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** Format a share of 1 as a percentage. */
export function formatPercent(share: number): string {
  return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 }).format(share);
}

/** Format a number with at most `digits` decimals. */
export function formatNumber(value: number, digits: number): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** Return the user's choice, else the first of the browser's languages that is on offer. */
function preferredLanguage(): string {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(STORAGE_KEY);
  } catch {
    // Storage may be disabled.
  }
  const tags = stored ? [stored] : navigator.languages;
  return tags.map(findLanguage).find((tag) => tag !== undefined) ?? FALLBACK;
}

/** Return the language on offer that matches a tag best: de-AT, else de. */
function findLanguage(tag: string): string | undefined {
  const parts = tag.split('-');
  const candidates = parts.map((_, i) =>
    parts
      .slice(0, parts.length - i)
      .join('-')
      .toLowerCase(),
  );
  return candidates
    .map((candidate) => [...languages.keys()].find((offered) => offered.toLowerCase() === candidate))
    .find((offered) => offered !== undefined);
}
