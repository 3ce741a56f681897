/**
 * Build step: the licences of the packages in the app.
 *
 * In:    the dependencies in package.json and their licence files; the repository's LICENSE (Apache-2.0)
 * Out:   licences.txt
 * Needs: Node
 *
 * The build fails if a dependency is not listed here or has no known licence.
 */

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin } from 'vite';

const ROOT = resolve(import.meta.dirname, '..');
const PACKAGES = [
  '@litertjs/core',
  '@litertjs/wasm-utils',
  '@preact/signals',
  '@preact/signals-core',
  'fflate',
  'fzstd',
  'lucide',
  'preact',
];
const FILE_NAMES = ['LICENSE', 'LICENSE.md', 'LICENSE.txt'];
const APACHE = 'Apache-2.0';
const RULE = `\n\n${'-'.repeat(80)}\n\n`;

/** packages: those that are in what is built. */
export function licences(packages: readonly string[] = PACKAGES): Plugin {
  return {
    name: 'keykind-licences',
    buildStart() {
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: allLicences(packages) });
    },
  };
}

function allLicences(packages: readonly string[]): string {
  const { dependencies } = readJson('package.json') as { dependencies: Record<string, string> };
  const missing = Object.keys(dependencies).filter((name) => !PACKAGES.includes(name));
  if (missing.length) throw new Error(`add ${missing.join(', ')} to PACKAGES in build-steps/licences.ts`);
  const title = `keykind and its models: ${APACHE}. The app contains the following packages.`;
  const apache = readFileSync(resolve(ROOT, '../LICENSE'), 'utf8').trim();
  return `${[title, ...packages.map(licenceOf), apache].join(RULE)}\n`;
}

function licenceOf(name: string): string {
  const folder = resolve(ROOT, 'node_modules', name);
  const { version, license } = readJson(resolve(folder, 'package.json')) as {
    version: string;
    license: string;
  };
  const file = FILE_NAMES.map((fileName) => resolve(folder, fileName)).find(existsSync);
  if (!file && license !== APACHE) throw new Error(`${name} (${license}) has no licence file in ${folder}`);
  const text = file ? readFileSync(file, 'utf8').trim() : `See the text of ${APACHE} below.`;
  return `${name} ${version}, ${license}\n\n${text}`;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(resolve(ROOT, path), 'utf8'));
}
