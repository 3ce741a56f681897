/**
 * The self-test: known photos, looked at by this browser, beside what Python says of them.
 *
 * In:    golden/golden.json and its photos
 * Out:   a table; for programs, the attribute data-result of the page's body: passed or failed
 * Needs: the engine
 */

import './style.css';
import { el } from './app/dom';
import { startEngine } from './app/start';
import type { Engine } from './engine/client';
import type { SeenKey } from './engine/protocol';
import { languageNow, number, say, sayKind } from './words';

const MOST = 0.02; // difference of a probability

/** What Python says of a photo; as `keykind predict --json`. */
interface Told {
  readonly photo: string;
  readonly keys: readonly { readonly kind: string | null; readonly probabilities: Record<string, number> }[];
}

interface Compared {
  readonly same: boolean; // as many keys, of the same kinds
  readonly difference: number; // the largest of a probability
}

async function run(): Promise<void> {
  document.documentElement.lang = languageNow();
  const [state, rows] = [el('p', { role: 'status' }), el('tbody')];
  document.body.append(
    el(
      'main',
      { class: 'test' },
      el('h1', {}, say('test.title')),
      el('p', {}, say('test.text')),
      state,
      el('table', {}, el('thead', {}, el('tr', {}, ...heads())), rows),
      el('p', {}, el('a', { href: './' }, say('app.name'))),
    ),
  );
  const photos = (await (await fetch('golden/golden.json')).json()) as Told[];
  const { engine } = await startEngine();
  const compared: Compared[] = [];
  for (const [place, told] of photos.entries()) {
    state.textContent = say('test.running', { n: place + 1, all: photos.length });
    compared.push(await test(told, engine, rows));
  }
  conclude(compared, state);
}

function conclude(compared: readonly Compared[], state: HTMLElement): void {
  const wrong = compared.filter(({ same, difference }) => !same || difference > MOST).length;
  const difference = Math.max(...compared.map((one) => one.difference));
  document.body.dataset['result'] = wrong ? 'failed' : 'passed';
  document.body.dataset['difference'] = String(difference);
  state.className = wrong ? 'failed' : 'passed';
  state.textContent = wrong
    ? say('test.failed', { wrong, n: compared.length })
    : say('test.passed', { n: compared.length, difference: number(difference, 4) });
}

async function test(told: Told, engine: Engine, rows: HTMLElement): Promise<Compared> {
  const photo = await (await fetch(`golden/${told.photo}`)).blob();
  const { keys } = await engine.ask('still', photo);
  const known = keys.filter(({ verdict }) => verdict.isKey);
  const result = compare(told, known);
  const good = result.same && result.difference <= MOST;
  rows.append(
    el(
      'tr',
      { class: good ? 'passed' : 'failed', 'data-photo': told.photo },
      el('th', { scope: 'row' }, el('img', { src: `golden/${told.photo}`, alt: '' }), told.photo),
      el('td', {}, kindsOf(told.keys.map(({ kind }) => kind))),
      el('td', {}, kindsOf(known.map(({ verdict }) => verdict.kind))),
      el('td', {}, result.same ? number(result.difference, 4) : '–'),
    ),
  );
  return result;
}

function compare(told: Told, keys: readonly SeenKey[]): Compared {
  const same =
    told.keys.length === keys.length &&
    told.keys.every(({ kind }, place) => keys[place]?.verdict.kind === kind);
  const differences = told.keys.flatMap(({ probabilities }, place) =>
    (keys[place]?.verdict.probabilities ?? []).map(({ kind, probability }) =>
      Math.abs(probability - (probabilities[kind] ?? 0)),
    ),
  );
  return { same, difference: Math.max(0, ...differences) };
}

function kindsOf(kinds: readonly (string | null)[]): string {
  if (kinds.length === 0) return say('test.noKeys');
  return kinds.map((kind) => (kind === null ? say('key.notSure') : sayKind(kind))).join('; ');
}

function heads(): HTMLElement[] {
  return (['test.photo', 'test.wanted', 'test.got', 'test.difference'] as const).map((word) =>
    el('th', { scope: 'col' }, say(word)),
  );
}

run().catch((error: unknown) => {
  document.body.dataset['result'] = 'failed';
  document.body.append(
    el('p', { role: 'alert', class: 'failed' }, say('load.failed', { why: String(error) })),
  );
});
