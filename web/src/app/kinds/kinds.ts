/**
 * The kinds of key as people see them: label, hint and sketch.
 *
 * In:    the name of a kind; src/keykind/kinds: its sketches, and its texts as generated/kinds.json has them
 * Out:   texts in the language in use; a drawing in the colour of the text
 * Needs: words
 *
 * A model that a user trained may have other kinds, or classes that are not keys: their name is the label, and they have
 * no hint and no sketch.
 */

import { currentLanguage, isAboutKeys } from '../../words';

type Texts = Readonly<Record<string, string>>; // by language

interface Kind {
  readonly name: string;
  readonly label: Texts;
  readonly hint: Texts;
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

/** Return the label of a kind. */
export function kindLabel(kind: string): string {
  return translation(known(kind)?.label) ?? kind.replaceAll('_', ' ');
}

/** Return how to recognise a kind; empty if unknown. */
export function kindHint(kind: string): string {
  return translation(known(kind)?.hint) ?? '';
}

/** Return the sketch of a kind, as SVG; null if it has none. */
export function sketchSource(kind: string): string | null {
  return (isAboutKeys() && SKETCHES[`../../../../src/keykind/kinds/${kind}/sketch.svg`]) || null;
}

/** Return the names of the kinds that keykind knows. */
export function knownKinds(): string[] {
  return kinds.map(({ name }) => name);
}

/** Return a kind of key by its name; a class of anything else may have the same. */
function known(kind: string): Kind | undefined {
  return isAboutKeys() ? KINDS.get(kind) : undefined;
}

/** Return the text in the language in use, else in its base language, else in English. */
function translation(texts: Texts | undefined): string | undefined {
  const language = currentLanguage();
  return texts?.[language] ?? texts?.[language.replace(/-.*/, '')] ?? texts?.['en'];
}
