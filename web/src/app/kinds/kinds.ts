/**
 * The kinds of key as people see them: label, hint, sketch, and the content of their pages.
 *
 * In:    the name of a kind; src/keykind/kinds: its sketches and views, and its texts as generated/kinds.json has them
 * Out:   texts in the language in use; a drawing in the colour of the text; addresses of pictures
 * Needs: words
 *
 * A model that a user trained may have other kinds, or classes that are not keys: their name is the label, and they have
 * no hint, no sketch and no page.
 */

import { currentLanguage, isAboutKeys } from '../../words';

type Texts = Readonly<Record<string, string>>; // by language

/** Where to look on an aligned crop (head left, tip right, 2 : 1): left, top, right, bottom, 0..1. */
export type Region = readonly [left: number, top: number, right: number, bottom: number];

/** The texts of a kind's page in one language. */
export interface KindPage {
  readonly title: string; // full name, as a heading
  readonly also: readonly string[]; // other names
  readonly use: string; // where it is used
  readonly look: string; // how to recognise it
  readonly mistakes: string; // what it is confused with
  readonly mark: string; // one sentence about the feature that identifies it
  readonly variant: string; // caption of the view 'variant'
  readonly differs: Texts; // another kind -> the one thing to look at
}

/** A rendered view: the whole key from its side or at an angle, its mark, or another shape of the same kind. */
export interface KindView {
  readonly shows: 'side' | 'angle' | 'mark' | 'variant';
  readonly url: string; // of an AVIF of 480 x 300 px, transparent around the key
}

interface Kind {
  readonly name: string;
  readonly label: Texts;
  readonly hint: Texts;
  readonly region?: Region;
  readonly views?: readonly { readonly shows: KindView['shows']; readonly file: string }[];
  readonly page?: Readonly<Record<string, KindPage>>; // by language
}

const [kinds = []] = Object.values(
  import.meta.glob<Kind[]>('../../../generated/kinds.json', { eager: true, import: 'default' }),
);
const KINDS = new Map(kinds.map((kind) => [kind.name, kind]));
const SKETCHES = import.meta.glob<string>('../../../../src/keykind/kinds/*/sketch.svg', {
  eager: true,
  query: '?raw',
  import: 'default',
});
const VIEWS = import.meta.glob<string>('../../../../src/keykind/kinds/*/views/*.avif', {
  eager: true,
  query: '?url',
  import: 'default',
});

/** Return the names of the kinds that have a page, in their order. */
export function kindsWithPages(): string[] {
  return isAboutKeys() ? kinds.filter((kind) => kind.page).map((kind) => kind.name) : [];
}

/** Return the label of a kind. */
export function kindLabel(kind: string): string {
  return translation(known(kind)?.label) ?? kind.replaceAll('_', ' ');
}

/** Return how to recognise a kind; empty if unknown. */
export function kindHint(kind: string): string {
  return translation(known(kind)?.hint) ?? '';
}

/** Return the page of a kind; undefined if it has none. */
export function kindPage(kind: string): KindPage | undefined {
  return translation(known(kind)?.page);
}

/** Return where the mark of a kind is on an aligned crop of a key; undefined if unknown. */
export function markRegion(kind: string): Region | undefined {
  return known(kind)?.region;
}

/** Return the views of a kind, in the order of its page. */
export function kindViews(kind: string): KindView[] {
  return (known(kind)?.views ?? []).flatMap(({ shows, file }) => {
    const url = VIEWS[`../../../../src/keykind/kinds/${kind}/views/${file}`];
    return url ? [{ shows, url }] : [];
  });
}

/**
 * Return how two kinds differ: what to look at on the key; empty if one of them has no page.
 *
 * Kinds that are often confused have a text of their own, in the page of either; of others, both marks are named.
 */
export function kindDifference(kind: string, other: string): string {
  const [one, two] = [kindPage(kind), kindPage(other)];
  if (!one || !two) return '';
  return one.differs[other] ?? two.differs[kind] ?? `${one.mark} ${two.mark}`;
}

/** Return the sketch of a kind, as SVG; null if it has none. */
export function sketchSource(kind: string): string | null {
  return (isAboutKeys() && SKETCHES[`../../../../src/keykind/kinds/${kind}/sketch.svg`]) || null;
}

/** Return a kind of key by its name; a class of anything else may have the same. */
function known(kind: string): Kind | undefined {
  return isAboutKeys() ? KINDS.get(kind) : undefined;
}

/** Return the entry in the language in use, else in its base language, else in English. */
function translation<T>(texts: Readonly<Record<string, T>> | undefined): T | undefined {
  const language = currentLanguage();
  return texts?.[language] ?? texts?.[language.replace(/-.*/, '')] ?? texts?.['en'];
}
