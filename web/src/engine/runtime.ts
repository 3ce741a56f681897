/**
 * LiteRT in a worker: load the runtime and the networks.
 *
 * In:    URLs of packed files
 * Out:   Networks
 * Needs: @litertjs/core, fzstd
 */

import { type CompiledModel, loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core';
import { decompress } from 'fzstd';
import {
  type ClassifierOutputs,
  constants,
  defaultDecision,
  type Networks,
  type RefinerOutputs,
  readDecision,
  readModel,
} from '../core';
import type { EngineUrls } from './protocol';

const { WIDTH, HEIGHT } = constants.postprocess;
const { WIDTH: CROP_WIDTH, HEIGHT: CROP_HEIGHT, OUTPUTS } = constants.refiner;
const { SIZE } = constants.card;
const { GRID } = constants.model;

/** The first bytes of packed files. */
const [GZIP, ZSTD] = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
] as const;

type Bytes = Uint8Array<ArrayBuffer>;

/** Emscripten's hooks for the runtime's script. */
interface ModuleOptions {
  instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void): object;
  print(line: string): void;
  printErr(line: string): void;
}

/** Load the runtime and the networks. Throws an Error that names the file that failed. */
export async function loadNetworks(urls: EngineUrls): Promise<Networks> {
  const [detectorBytes, refinerBytes, classifierBytes] = await Promise.all([
    fetchPacked(urls.detector),
    urls.refiner === null ? null : fetchPacked(urls.refiner),
    fetchPacked(urls.classifier),
    startRuntime(urls),
  ]);
  const { flatbuffer, card } = await readModel(classifierBytes);
  const [detector, classifier] = [await compile(detectorBytes), await compile(flatbuffer)];
  const refiner = refinerBytes && (await compile(refinerBytes));
  const kinds = card.kinds.length;
  return {
    card,
    decision: urls.decision === null ? defaultDecision(card) : readDecision(urls.decision),
    detect: async (rgb) => (await run(detector, rgb, WIDTH, HEIGHT))[0] as Float32Array,
    refine: refiner && (async (rgb) => refinerOutputs(await run(refiner, rgb, CROP_WIDTH, CROP_HEIGHT))),
    classify: async (rgb) => classifierOutputs(await run(classifier, rgb, SIZE, SIZE), classifier, kinds),
  };
}

async function startRuntime({ runtime }: EngineUrls): Promise<void> {
  hideGpu();
  const wasm = fetchPacked(runtime.wasm);
  const failed = new Promise<never>((_, reject) => {
    const options: ModuleOptions = {
      instantiateWasm: (imports, done) => {
        const instantiated = wasm.then((bytes) => WebAssembly.instantiate(bytes, imports));
        instantiated.then(({ instance }) => done(instance)).catch(reject);
        return {};
      },
      print: () => undefined,
      printErr: () => undefined, // errors also arrive as exceptions
    };
    Object.assign(globalThis, { Module: options });
  });
  await Promise.race([loadLiteRt(runtime.script), failed]);
}

/** Prevent LiteRT from acquiring a GPU device, which would never be used. */
function hideGpu(): void {
  const gpu = { requestAdapter: async () => null };
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
}

async function compile(bytes: Bytes): Promise<CompiledModel> {
  return loadAndCompile(bytes, { accelerator: 'wasm' });
}

async function run(model: CompiledModel, rgb: Bytes, width: number, height: number): Promise<Float32Array[]> {
  const input = new Tensor(rgb, [1, height, width, 3]);
  const outputs = await model.run(input);
  input.delete();
  return outputs.map((output) => {
    const values = output.toTypedArray() as Float32Array;
    output.delete();
    return values;
  });
}

/** Identify the outputs by their lengths. */
function refinerOutputs(outputs: readonly Float32Array[]): RefinerOutputs {
  const values = outputs.find(({ length }) => length === OUTPUTS.length);
  const masks = outputs.find(({ length }) => length !== OUTPUTS.length);
  if (!values || !masks) throw new Error('the refiner has no outputs of values and masks');
  return { values, masks };
}

/** Identify the outputs by their shapes, as docs/model-file.md specifies. */
function classifierOutputs(
  outputs: readonly Float32Array[],
  model: CompiledModel,
  kinds: number,
): ClassifierOutputs {
  const shapes = model.getOutputDetails().map(({ shape }) => shape.join());
  const output = (...shape: number[]): Float32Array | null => outputs[shapes.indexOf(shape.join())] ?? null;
  const probabilities = output(1, kinds);
  if (!probabilities?.every(Number.isFinite))
    throw new Error(`the model has no output of ${kinds} finite probabilities`);
  const oodScore = output(1, 1);
  return { probabilities, maps: output(1, GRID, GRID, kinds), oodScore: oodScore?.[0] ?? null };
}

/** Fetch and unpack a file; a host that sets Content-Encoding has made the browser unpack it already. */
async function fetchPacked(url: string): Promise<Bytes> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  const packed = new Uint8Array(await response.arrayBuffer());
  if (startsWith(packed, ZSTD)) return decompress(packed) as Bytes;
  if (!startsWith(packed, GZIP)) return packed;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}
