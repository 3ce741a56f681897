/**
 * Build step: the runtime and the models, packed, under names that tell their contents.
 *
 * In:    node_modules/@litertjs/core/wasm; the models' folder (KEYKIND_MODELS, else src/keykind/models)
 * Out:   assets/<name>-<hash>.bin and .js; the module `virtual:packs` with their places
 * Needs: Node
 *
 * The packs are gzip and end in .bin, so that every host sends them as they are and the app unpacks them itself:
 * a first visit is small also on a host that compresses nothing.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const ID = 'virtual:packs';
const WASM = resolve(import.meta.dirname, '../node_modules/@litertjs/core/wasm');
const MODELS = process.env['KEYKIND_MODELS'] ?? resolve(import.meta.dirname, '../../src/keykind/models');
/** Processors with relaxed SIMD take the first, all others the second. */
export const RUNTIMES = { relaxed: 'litert_wasm_internal', compat: 'litert_wasm_compat_internal' };

interface Pack {
  readonly fileName: string;
  readonly source: Uint8Array;
}

export function packs(): Plugin {
  const made = new Map<string, Pack>();
  return {
    name: 'keykind-packs',
    buildStart() {
      for (const [name, pack] of Object.entries(all())) {
        made.set(name, pack);
        this.emitFile({ type: 'asset', ...pack });
      }
    },
    resolveId: (id) => (id === ID ? `\0${ID}` : null),
    load(id) {
      if (id !== `\0${ID}`) return null;
      const place = (name: string): string => JSON.stringify(made.get(name)?.fileName);
      const runtime = (which: string): string =>
        `{ script: ${place(`${which}.js`)}, wasm: ${place(`${which}.wasm`)} }`;
      return `export const finder = ${place('finder')};
export const keys = ${place('keys')};
export const runtimes = { relaxed: ${runtime('relaxed')}, compat: ${runtime('compat')} };`;
    },
  };
}

function all(): Record<string, Pack> {
  const found: Record<string, Pack> = {
    finder: packed('finder', model('detector.tflite')),
    keys: packed('keys', model('keys.tflite')),
  };
  for (const [which, name] of Object.entries(RUNTIMES)) {
    found[`${which}.wasm`] = packed(`runtime-${which}`, readFileSync(resolve(WASM, `${name}.wasm`)));
    const script = readFileSync(resolve(WASM, `${name}.js`));
    found[`${which}.js`] = { fileName: `assets/runtime-${which}-${hash(script)}.js`, source: script };
  }
  return found;
}

function model(name: string): Buffer {
  const path = resolve(MODELS, name);
  if (!existsSync(path))
    throw new Error(`${path} is not there; KEYKIND_MODELS names a folder with the models`);
  return readFileSync(path);
}

function packed(name: string, data: Buffer): Pack {
  const source = gzipSync(data, { level: 9 }); // named by what is sent: other versions of Node pack it otherwise
  return { fileName: `assets/${name}-${hash(source)}.bin`, source };
}

function hash(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 10);
}
