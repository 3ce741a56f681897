/**
 * Build step: what Python generates for the app. The photos of the self-test are copied; kinds.json must exist.
 *
 * In:    generated/, written by scripts/generate.py
 * Out:   golden/ beside the pages
 * Needs: Node
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin } from 'vite';

const FOLDER = resolve(import.meta.dirname, '../generated');

export function generated(): Plugin {
  return {
    name: 'keykind-generated',
    buildStart() {
      for (const name of ['golden/golden.json', 'kinds.json']) {
        const path = resolve(FOLDER, name);
        if (!existsSync(path)) throw new Error(`${path} does not exist: run python web/scripts/generate.py`);
      }
      for (const name of readdirSync(resolve(FOLDER, 'golden'))) {
        const source = readFileSync(resolve(FOLDER, 'golden', name));
        this.emitFile({ type: 'asset', fileName: `golden/${name}`, source });
      }
    },
  };
}
