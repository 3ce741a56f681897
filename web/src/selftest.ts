/**
 * The self-test: known photos, recognised in this browser and compared with Python's results.
 *
 * In:    golden/golden.json and its photos
 * Out:   a table; for programs, data-result on the body: passed or failed
 * Needs: the engine
 */

import './style.css';
import { el } from './app/dom';
import { kindLabel } from './app/kinds';
import { startEngine } from './app/start';
import type { Engine } from './engine/client';
import type { KeyResult } from './engine/protocol';
import { currentLanguage, formatNumber, t } from './words';

const TOLERANCE = 0.05; // of a probability

/** Python's result for a photo, as in `keykind predict --json`. */
interface ExpectedKey {
  readonly kind: string | null;
  readonly reason: string | null;
  readonly probabilities: Record<string, number>;
}

interface Expected {
  readonly photo: string;
  readonly keys: readonly ExpectedKey[];
}

interface Comparison {
  readonly sameKinds: boolean; // the same number of keys, of the same kinds, for the same reasons
  readonly difference: number; // the largest of a probability
}

async function run(): Promise<void> {
  document.documentElement.lang = currentLanguage();
  const [status, rows] = [el('p', { role: 'status' }), el('tbody')];
  document.body.append(
    el(
      'main',
      { class: 'test' },
      el('h1', {}, t('test.title')),
      el('p', {}, t('test.text')),
      status,
      el('table', {}, el('thead', {}, el('tr', {}, ...headings())), rows),
      el('p', {}, el('a', { href: './' }, t('app.name'))),
    ),
  );
  const photos = (await (await fetch('golden/golden.json')).json()) as Expected[];
  const { engine } = await startEngine();
  const comparisons: Comparison[] = [];
  for (const [i, expected] of photos.entries()) {
    status.textContent = t('test.running', { n: i + 1, all: photos.length });
    comparisons.push(await testPhoto(expected, engine, rows));
  }
  conclude(comparisons, status);
}

function conclude(comparisons: readonly Comparison[], status: HTMLElement): void {
  const wrong = comparisons.filter((comparison) => !isPassed(comparison)).length;
  const difference = Math.max(...comparisons.map((comparison) => comparison.difference));
  document.body.dataset['result'] = wrong ? 'failed' : 'passed';
  document.body.dataset['difference'] = String(difference);
  status.className = wrong ? 'failed' : 'passed';
  status.textContent = wrong
    ? t('test.failed', { wrong, n: comparisons.length })
    : t('test.passed', { n: comparisons.length, difference: formatNumber(difference, 4) });
}

async function testPhoto(expected: Expected, engine: Engine, rows: HTMLElement): Promise<Comparison> {
  const photo = await (await fetch(`golden/${expected.photo}`)).blob();
  const result = await engine.call('recognisePhoto', photo);
  const keys = result.keys.filter(({ verdict }) => verdict.isKey);
  const comparison = compare(expected, keys);
  rows.append(
    el(
      'tr',
      { class: isPassed(comparison) ? 'passed' : 'failed', 'data-photo': expected.photo },
      el('th', { scope: 'row' }, el('img', { src: `golden/${expected.photo}`, alt: '' }), expected.photo),
      el('td', {}, kindsText(expected.keys.map(({ kind }) => kind))),
      el('td', {}, kindsText(keys.map(({ verdict }) => verdict.kind))),
      el('td', {}, comparison.sameKinds ? formatNumber(comparison.difference, 4) : '–'),
    ),
  );
  return comparison;
}

function compare(expected: Expected, keys: readonly KeyResult[]): Comparison {
  const sameKinds =
    expected.keys.length === keys.length &&
    expected.keys.every(({ kind, reason }, i) => {
      const verdict = keys[i]?.verdict;
      return verdict?.kind === kind && verdict.reason === reason;
    });
  const differences = expected.keys.flatMap(({ probabilities }, i) =>
    (keys[i]?.verdict.probabilities ?? []).map(({ kind, probability }) =>
      Math.abs(probability - (probabilities[kind] ?? 0)),
    ),
  );
  return { sameKinds, difference: Math.max(0, ...differences) };
}

function isPassed({ sameKinds, difference }: Comparison): boolean {
  return sameKinds && difference <= TOLERANCE;
}

function kindsText(kinds: readonly (string | null)[]): string {
  if (kinds.length === 0) return t('test.noKeys');
  return kinds.map((kind) => (kind === null ? t('key.notSure') : kindLabel(kind))).join('; ');
}

function headings(): HTMLElement[] {
  return (['test.photo', 'test.expected', 'test.actual', 'test.difference'] as const).map((message) =>
    el('th', { scope: 'col' }, t(message)),
  );
}

run().catch((error: unknown) => {
  document.body.dataset['result'] = 'failed';
  const message = t('load.failed', { why: String(error) });
  document.body.append(el('p', { role: 'alert', class: 'failed' }, message));
});
