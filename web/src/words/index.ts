/**
 * The app's messages, in the user's language.
 *
 * In:    <language>.json in this folder, one file a language; the browser's languages, or the user's choice
 * Out:   t(): a message with its values filled in; numbers in the language's format. For a model whose classes are not
 *        keys, a message `<key>.any` takes the place of `<key>`
 * Needs: @preact/signals: a view that calls t() is drawn again in another language
 *
 * To add a language, add its file: named by its BCP 47 tag, with the keys of en.json. A missing message is shown in
 * English.
 */

import { signal } from '@preact/signals';
import english from './en.json';

export type MessageKey = keyof typeof english;
type Messages = Readonly<Partial<Record<MessageKey, string>>>;

const FALLBACK = 'en';
const MAX_PERCENT = 0.99; // nothing is certain
const STORAGE_KEY = 'keykind-language';

const files = import.meta.glob<Messages>(['./*.json', '!./en.json'], { import: 'default' });
const loaders = new Map<string, () => Promise<Messages>>(
  Object.entries(files).map(([path, load]) => [path.slice(2, -5), load]),
);
const tags = [FALLBACK, ...loaders.keys()].sort();

/** The language in use, and its messages. */
const current = signal<{ tag: string; messages: Messages }>({ tag: FALLBACK, messages: english });
const areKeys = signal(true);

/** Choose the words: for kinds of keys, or for classes of anything. */
export function setSubject(ofKeys: boolean): void {
  areKeys.value = ofKeys;
}

/** Return whether the words are for kinds of keys. */
export function isAboutKeys(): boolean {
  return areKeys.value;
}

/** Return the languages on offer: tag and own name. */
export function languageNames(): [language: string, name: string][] {
  return tags.map((tag) => [tag, new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag]);
}

/** Return the tag of the language in use. */
export function currentLanguage(): string {
  return current.value.tag;
}

/** Load the messages of the user's choice, else of the first of the browser's languages that is on offer. */
export async function loadLanguage(): Promise<void> {
  await use(preferredLanguage());
}

/** Switch to a language, and remember the choice on this device. */
export async function setLanguage(tag: string): Promise<void> {
  await use(findLanguage(tag) ?? FALLBACK);
  try {
    localStorage.setItem(STORAGE_KEY, current.value.tag);
  } catch {
    // Without storage, the choice lasts until the page is closed.
  }
}

/** Use a language on offer; if its file cannot be loaded, the language stays as it is. */
async function use(tag: string): Promise<void> {
  const messages = await (loaders.get(tag)?.() ?? Promise.resolve(english)).catch(() => null);
  if (messages) current.value = { tag, messages };
  document.documentElement.lang = current.value.tag;
}

/** Return a message with each {name} replaced by its value. */
export function t(key: MessageKey, values: Readonly<Record<string, string | number>> = {}): string {
  const { messages } = current.value;
  const other = `${key}.any` as MessageKey;
  const ofOthers = areKeys.value ? undefined : (messages[other] ?? english[other]);
  const message = ofOthers ?? messages[key] ?? english[key];
  return message.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** Return a message with the technical details of an error after it, which are in English. */
export function withDetails(message: string, error: unknown): string {
  return `${message} ${t('details', { why: error instanceof Error ? error.message : String(error) })}`;
}

/** Format a share of 1 as a percentage. */
export function formatPercent(share: number): string {
  return new Intl.NumberFormat(current.value.tag, { style: 'percent', maximumFractionDigits: 0 }).format(
    share,
  );
}

/** Format the probability of an answer as a percentage: never as 100%. */
export function formatProbability(probability: number): string {
  return probability > MAX_PERCENT ? `>${formatPercent(MAX_PERCENT)}` : formatPercent(probability);
}

/** Format a number with at most `digits` decimals. */
export function formatNumber(value: number, digits: number): string {
  return new Intl.NumberFormat(current.value.tag, { maximumFractionDigits: digits }).format(value);
}

/** Return the user's choice, else the first of the browser's languages that is on offer. */
function preferredLanguage(): string {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(STORAGE_KEY);
  } catch {
    // Storage may be disabled.
  }
  const wanted = stored ? [stored] : navigator.languages;
  return wanted.map(findLanguage).find((tag) => tag !== undefined) ?? FALLBACK;
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
    .map((candidate) => tags.find((offered) => offered.toLowerCase() === candidate))
    .find((offered) => offered !== undefined);
}
