/**
 * Build step: the photos of the self-test, with Python's results.
 *
 * In:    generated/golden, written by scripts/golden.py
 * Out:   golden/ beside the pages
 * Needs: Node
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin } from 'vite';

const FOLDER = resolve(import.meta.dirname, '../generated/golden');

export function golden(): Plugin {
  return {
    name: 'keykind-golden',
    buildStart() {
      if (!existsSync(FOLDER)) throw new Error(`${FOLDER} does not exist: run python web/scripts/golden.py`);
      for (const name of readdirSync(FOLDER)) {
        const source = readFileSync(resolve(FOLDER, name));
        this.emitFile({ type: 'asset', fileName: `golden/${name}`, source });
      }
    },
  };
}
