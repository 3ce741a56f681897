/**
 * Build step: the runtime and the models, compressed, with content hashes in their names.
 *
 * In:    node_modules/@litertjs/core/wasm; generated/packs, the models as scripts/generate.py packs them; the models'
 *        folder (KEYKIND_MODELS, default src/keykind/models), for the decision
 * Out:   assets/<name>-<hash>.bin and .js; the module `virtual:packs` with the paths; in each page, as JSON, the models
 *        that it runs
 * Needs: Node
 *
 * The files are gzip or zstd but end in .bin, so that hosts send them unchanged and the app decompresses them itself: a
 * first visit is as small on a host without compression. zstd makes the runtime a quarter smaller than gzip; the models
 * are as large with both, as src/keykind/model/packed.py packs them. The models' paths are in the pages, not in the scripts:
 * src/keykind/app.py writes the app around another model without building it again.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { constants as zlib, zstdCompressSync } from 'node:zlib';
import { minifySync, type Plugin } from 'vite';
import { type AppModel, ELEMENT_ID } from '../src/app-model';

const ID = 'virtual:packs';
const WASM = resolve(import.meta.dirname, '../node_modules/@litertjs/core/wasm');
const MODELS = process.env['KEYKIND_MODELS'] ?? resolve(import.meta.dirname, '../../src/keykind/models');
const CACHE = resolve(import.meta.dirname, '../node_modules/.cache/keykind');
const PACKED = resolve(import.meta.dirname, '../generated/packs');
const [DETECTOR, REFINER, CLASSIFIER] = ['detector.tflite', 'refiner.tflite', 'keys.tflite'];
const HAS_REFINER = existsSync(resolve(MODELS, REFINER)); // otherwise nothing is refined
/** LiteRT's builds with and without relaxed SIMD. */
const RUNTIMES = { relaxed: 'litert_wasm_internal', compat: 'litert_wasm_compat_internal' };

/** The runtime is compressed once, so slowly; the app decompresses with a buffer as large as the window, 16 MB. */
const ZSTD = {
  [zlib.ZSTD_c_compressionLevel]: 22,
  [zlib.ZSTD_c_windowLog]: 24,
};

interface Pack {
  readonly fileName: string;
  readonly source: Uint8Array;
}

export function packs(): Plugin {
  const emitted = new Map<string, Pack>();
  return {
    name: 'keykind-packs',
    buildStart() {
      for (const [name, pack] of Object.entries(allPacks())) {
        emitted.set(name, pack);
        this.emitFile({ type: 'asset', ...pack });
      }
    },
    resolveId: (id) => (id === ID ? `\0${ID}` : null),
    load(id) {
      if (id !== `\0${ID}`) return null;
      const path = (name: string): string => JSON.stringify(emitted.get(name)?.fileName);
      const runtime = (name: string): string =>
        `{ script: ${path(`${name}.js`)}, wasm: ${path(`${name}.wasm`)} }`;
      const all = `{ relaxed: ${runtime('relaxed')}, compat: ${runtime('compat')} }`;
      return `export const runtimes = ${all};\nexport const models = ${JSON.stringify(appModel(emitted))};`;
    },
    transformIndexHtml() {
      const json = JSON.stringify(appModel(emitted)).replaceAll('<', '\\u003c'); // it cannot end the element
      const attrs = { type: 'application/json', id: ELEMENT_ID };
      return [{ tag: 'script', attrs, children: json, injectTo: 'head' as const }];
    },
  };
}

/** Return what a page says about keykind's own models. */
function appModel(emitted: ReadonlyMap<string, Pack>): AppModel {
  const path = (name: string): string | null => emitted.get(name)?.fileName ?? null;
  return {
    classifier: path('classifier') ?? '',
    detector: path('detector'),
    refiner: path('refiner'),
    decision: readDecision(),
    title: null,
    ofKeys: true,
    selfTest: true,
  };
}

function allPacks(): Record<string, Pack> {
  const all: Record<string, Pack> = {
    detector: readPacked('detector', DETECTOR),
    classifier: readPacked('classifier', CLASSIFIER),
  };
  if (HAS_REFINER) all['refiner'] = readPacked('refiner', REFINER);
  for (const [name, file] of Object.entries(RUNTIMES)) {
    all[`${name}.wasm`] = pack(`runtime-${name}`, 'bin', compressed(resolve(WASM, `${file}.wasm`)));
    all[`${name}.js`] = pack(`runtime-${name}`, 'js', minified(resolve(WASM, `${file}.js`)));
  }
  return all;
}

function readModel(name: string): Buffer {
  const path = resolve(MODELS, name);
  if (!existsSync(path))
    throw new Error(`${path} does not exist: set KEYKIND_MODELS to a folder with ${name}`);
  return readFileSync(path);
}

/** Return the decision that was fitted to these models; null: none was. As in predict/recogniser.py. */
function readDecision(): unknown {
  const path = resolve(MODELS, 'models.json');
  if (!existsSync(path)) return null;
  const { decision } = JSON.parse(readFileSync(path, 'utf8')) as { decision?: Record<string, unknown> };
  const detector = digest(DETECTOR) + (HAS_REFINER ? digest(REFINER) : '');
  const isFitted = decision?.['classifier'] === digest(CLASSIFIER) && decision['detector'] === detector;
  return isFitted ? decision : null;
}

function digest(name: string): string {
  return createHash('sha256').update(readModel(name)).digest('hex');
}

/** Return a packed model. Throws Error if it is missing, or of another model file. */
function readPacked(name: string, file: string): Pack {
  const sources = resolve(PACKED, 'sources.json');
  const packed = existsSync(sources)
    ? (JSON.parse(readFileSync(sources, 'utf8')) as Record<string, string>)
    : {};
  if (packed[file] !== digest(file))
    throw new Error(`${PACKED} is not of the ${file} in ${MODELS}: run python web/scripts/generate.py`);
  return pack(name, 'bin', readFileSync(resolve(PACKED, `${name}.bin`)));
}

/** Return a file as zstd. It takes half a minute, so the result is kept beside the packages for the next build. */
function compressed(path: string): Buffer {
  const data = readFileSync(path);
  const kept = resolve(CACHE, `${hash(Buffer.concat([data, Buffer.from(JSON.stringify(ZSTD))]))}.zst`);
  if (existsSync(kept)) return readFileSync(kept);
  const result = zstdCompressSync(data, { params: ZSTD });
  mkdirSync(CACHE, { recursive: true });
  const partial = `${kept}.${process.pid}`; // another build may write the same file
  writeFileSync(partial, result);
  renameSync(partial, kept);
  return result;
}

/** Return a classic script without comments and spaces; its globals keep their names. */
function minified(path: string): Buffer {
  const script = readFileSync(path, 'utf8');
  return Buffer.from(minifySync(path, script, { module: false, mangle: { toplevel: false } }).code);
}

/** Return a file with a hash in its name: of its compressed bytes, which depend on the version of Node. */
function pack(name: string, extension: 'bin' | 'js', source: Uint8Array): Pack {
  return { fileName: `assets/${name}-${hash(source)}.${extension}`, source };
}

function hash(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 10);
}
