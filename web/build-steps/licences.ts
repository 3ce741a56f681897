/**
 * Build step: whose work the app carries, and under which licences.
 *
 * In:    package.json's dependencies, their licence files; the repo's LICENSE (Apache-2.0)
 * Out:   licences.txt
 * Needs: Node
 *
 * A new dependency without a licence that is known here ends the build.
 */

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin } from 'vite';

const ROOT = resolve(import.meta.dirname, '..');
const CARRIED = ['@litertjs/core', '@litertjs/wasm-utils', 'fflate'];
const APACHE = 'Apache-2.0';

export function licences(): Plugin {
  return {
    name: 'keykind-licences',
    buildStart() {
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: text() });
    },
  };
}

function text(): string {
  const told = CARRIED.map((name) => {
    const folder = resolve(ROOT, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8')) as {
      version: string;
      license: string;
    };
    const own = ['LICENSE', 'LICENSE.md', 'LICENSE.txt']
      .map((file) => resolve(folder, file))
      .find(existsSync);
    if (!own && license !== APACHE)
      throw new Error(`${name} has no licence file, and ${license} is not known here`);
    const whole = own ? readFileSync(own, 'utf8').trim() : `The text of ${APACHE} stands below.`;
    return `${name} ${version}, ${license}\n\n${whole}`;
  });
  const known = new Set(CARRIED);
  const asked = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const forgotten = Object.keys(asked.dependencies).filter((name) => !known.has(name));
  if (forgotten.length) throw new Error(`build-steps/licences.ts does not list ${forgotten.join(', ')}`);
  const apache = readFileSync(resolve(ROOT, '../LICENSE'), 'utf8').trim();
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  return `${[`keykind and its models, ${APACHE}. The app carries the following.`, ...told, apache].join(rule)}\n`;
}
