/**
 * The self-test: known photos, recognised in this browser and compared with Python's results.
 *
 * In:    golden/golden.json and its photos
 * Out:   a table; for programs, data-result on the body: passed or failed
 * Needs: the engine
 */

import './styles/index.css';
import './selftest.css';
import { signal } from '@preact/signals';
import { type JSX, render } from 'preact';
import { kindLabel } from './app/kinds/kinds';
import { startEngine } from './app/start';
import { readAppModel } from './app-model';
import type { Engine } from './engine/client';
import type { KeyResult } from './engine/protocol';
import { formatNumber, formatPercent, loadLanguage, setSubject, t, withDetails } from './words';

const TOLERANCE = 0.05; // of a probability

/** Python's result for a photo, as in `keykind predict --json`. */
interface ExpectedKey {
  readonly kind: string | null;
  readonly reason: string | null;
  readonly probabilities: Record<string, number>;
}

interface Expected {
  readonly photo: string;
  readonly keys?: readonly ExpectedKey[];
  readonly classes?: Record<string, number>; // of a model of whole photos: its probabilities, whatever it answers
}

interface Comparison {
  readonly sameKinds: boolean; // the same number of keys, of the same kinds, for the same reasons
  readonly difference: number; // the largest of a probability
}

/** A row of the table. */
interface Row {
  readonly photo: string;
  readonly texts: readonly string[]; // Python's answer, and this browser's
  readonly comparison: Comparison;
}

const rows = signal<readonly Row[]>([]);
const status = signal<{ readonly text: string; readonly class?: string }>({ text: '' });

async function run(): Promise<void> {
  const appModel = readAppModel();
  setSubject(appModel.ofKeys);
  await loadLanguage();
  render(<SelfTest title={appModel.title ?? t('app.name')} />, document.body);
  const photos = (await (await fetch('golden/golden.json')).json()) as Expected[];
  const { engine } = await startEngine(appModel);
  for (const [i, expected] of photos.entries()) {
    status.value = { text: t('test.running', { n: i + 1, all: photos.length }) };
    rows.value = [...rows.value, await testPhoto(expected, engine)];
  }
  conclude(rows.value.map(({ comparison }) => comparison));
}

function SelfTest({ title }: { readonly title: string }): JSX.Element {
  return (
    <main class="page test">
      <h1>{t('test.title')}</h1>
      <p>{t('test.text')}</p>
      <p role="status" class={status.value.class}>
        {status.value.text}
      </p>
      <table>
        <thead>
          <tr>
            {(['test.photo', 'test.expected', 'test.actual', 'test.difference'] as const).map((message) => (
              <th scope="col" key={message}>
                {t(message)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.value.map((row) => (
            <TestedPhoto key={row.photo} {...row} />
          ))}
        </tbody>
      </table>
      <p>
        <a href="./">{title}</a>
      </p>
    </main>
  );
}

function TestedPhoto({ photo, texts, comparison }: Row): JSX.Element {
  return (
    <tr class={isPassed(comparison) ? 'passed' : 'failed'} data-photo={photo}>
      <th scope="row">
        <img src={`golden/${photo}`} alt="" />
        {photo}
      </th>
      {texts.map((text, i) => (
        <td key={i === 0 ? 'expected' : 'actual'}>{text}</td>
      ))}
      <td>{comparison.sameKinds ? formatNumber(comparison.difference, 4) : '–'}</td>
    </tr>
  );
}

function conclude(comparisons: readonly Comparison[]): void {
  const wrong = comparisons.filter((comparison) => !isPassed(comparison)).length;
  const difference = Math.max(...comparisons.map((comparison) => comparison.difference));
  document.body.dataset['result'] = wrong ? 'failed' : 'passed';
  document.body.dataset['difference'] = String(difference);
  status.value = {
    class: wrong ? 'failed' : 'passed',
    text: wrong
      ? t('test.failed', { wrong, n: comparisons.length })
      : t('test.passed', { n: comparisons.length, difference: formatNumber(difference, 4) }),
  };
}

async function testPhoto(expected: Expected, engine: Engine): Promise<Row> {
  const photo = await (await fetch(`golden/${expected.photo}`)).blob();
  const result = await engine.call('recognisePhoto', photo);
  const keys = result.keys.filter(({ verdict }) => verdict.isKey);
  const { classes } = expected;
  const comparison = classes ? compareClasses(classes, result.keys) : compare(expected, keys);
  const texts = classes ? classTexts(classes, result.keys) : keyTexts(expected, keys);
  return { photo: expected.photo, texts, comparison };
}

function compareClasses(classes: Record<string, number>, [result]: readonly KeyResult[]): Comparison {
  const differences = (result?.verdict.probabilities ?? []).map(({ kind, probability }) =>
    Math.abs(probability - (classes[kind] ?? 0)),
  );
  return { sameKinds: differences.length > 0, difference: Math.max(0, ...differences) };
}

function compare({ keys: expectedKeys = [] }: Expected, keys: readonly KeyResult[]): Comparison {
  const sameKinds =
    expectedKeys.length === keys.length &&
    expectedKeys.every(({ kind, reason }, i) => {
      const verdict = keys[i]?.verdict;
      return verdict?.kind === kind && verdict.reason === reason;
    });
  const differences = expectedKeys.flatMap(({ probabilities }, i) =>
    (keys[i]?.verdict.probabilities ?? []).map(({ kind, probability }) =>
      Math.abs(probability - (probabilities[kind] ?? 0)),
    ),
  );
  return { sameKinds, difference: Math.max(0, ...differences) };
}

function isPassed({ sameKinds, difference }: Comparison): boolean {
  return sameKinds && difference <= TOLERANCE;
}

/** Return the most probable class, in Python and here. */
function classTexts(classes: Record<string, number>, [result]: readonly KeyResult[]): string[] {
  const answer = (kind: string, probability: number): string =>
    t('key.answer', { kind: kindLabel(kind), probability: formatPercent(probability) });
  const [best] = Object.entries(classes).sort(([, one], [, other]) => other - one);
  const { best: kind, probability } = result?.verdict ?? { best: '', probability: 0 };
  return [answer(...(best ?? ['', 0])), answer(kind, probability)];
}

function keyTexts({ keys: expectedKeys = [] }: Expected, keys: readonly KeyResult[]): string[] {
  return [
    kindsText(expectedKeys.map(({ kind }) => kind)),
    kindsText(keys.map(({ verdict }) => verdict.kind)),
  ];
}

function kindsText(kinds: readonly (string | null)[]): string {
  if (kinds.length === 0) return t('test.noKeys');
  return kinds.map((kind) => (kind === null ? t('key.notSure') : kindLabel(kind))).join('; ');
}

run().catch((error: unknown) => {
  document.body.dataset['result'] = 'failed';
  const message = withDetails(t('load.failed'), error);
  status.value = { class: 'failed', text: message };
});
