/**
 * LiteRT in a worker: load the runtime and the networks.
 *
 * In:    URLs of packed files; a model file that the user opened
 * Out:   Networks
 * Needs: @litertjs/core, fzstd
 */

import { type CompiledModel, loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core';
import { decompress } from 'fzstd';
import {
  type Card,
  type ClassifierOutputs,
  constants,
  defaultDecision,
  ModelError,
  type Networks,
  type RefinerOutputs,
  readDecision,
  readModel,
} from '../core';
import { unpack } from './packed';
import type { EngineUrls } from './protocol';

const { WIDTH, HEIGHT } = constants.postprocess;
const { WIDTH: CROP_WIDTH, HEIGHT: CROP_HEIGHT, OUTPUTS } = constants.refiner;
const { SIZE, WHOLE } = constants.card;
const GREY = 128; // level of the image that an opened model is tried with
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

/** Load the runtime and the networks. Throws ModelError, or an Error that names the file that failed. */
export async function loadNetworks(urls: EngineUrls): Promise<Networks> {
  const { classifier, detector } = urls;
  const isOpened = classifier instanceof Blob;
  const opened = isOpened ? await readModel(new Uint8Array(await classifier.arrayBuffer())) : null;
  if (opened && opened.card.crop !== WHOLE && detector === null)
    throw new ModelError('noDetector', `its crop is ${opened.card.crop}`);
  const isWhole = opened?.card.crop === WHOLE;
  const reference = isWhole ? null : fetchIfAny(detector, null); // the other networks are packed with it
  const [model, detectorBytes, refinerBytes] = await Promise.all([
    opened ?? fetchPacked(classifier as string, reference).then(readModel),
    reference,
    isWhole ? null : fetchIfAny(urls.refiner, reference),
    startRuntime(urls),
  ]);
  const { card, flatbuffer } = model;
  const classify = await classifierOf(flatbuffer, card);
  if (isOpened) await classify(new Uint8Array(3 * SIZE * SIZE).fill(GREY));
  const decision = urls.decision === null ? defaultDecision(card) : readDecision(urls.decision);
  return { card, decision, classify, ...(await detectorOf(detectorBytes, refinerBytes)) };
}

/** Return a function that runs a classifier's network. Throws ModelError if the runtime cannot. */
async function classifierOf(flatbuffer: Bytes, card: Card): Promise<Networks['classify']> {
  const failed = (error: unknown): never => {
    if (error instanceof ModelError) throw error;
    throw new ModelError('fails', error instanceof Error ? error.message : String(error));
  };
  const model = await compile(flatbuffer).catch(failed);
  return async (rgb) => {
    const outputs = await run(model, rgb, SIZE, SIZE).catch(failed);
    return classifierOutputs(outputs, model, card);
  };
}

async function detectorOf(
  detectorBytes: Bytes | null,
  refinerBytes: Bytes | null,
): Promise<Pick<Networks, 'detect' | 'refine'>> {
  const detector = detectorBytes && (await compile(detectorBytes));
  const refiner = refinerBytes && (await compile(refinerBytes));
  return {
    detect: detector && (async (rgb) => (await run(detector, rgb, WIDTH, HEIGHT))[0] as Float32Array),
    refine: refiner && (async (rgb) => refinerOutputs(await run(refiner, rgb, CROP_WIDTH, CROP_HEIGHT))),
  };
}

async function startRuntime({ runtime }: EngineUrls): Promise<void> {
  hideGpu();
  const wasm = fetchPacked(runtime.wasm, null);
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
  card: Card,
): ClassifierOutputs {
  const kinds = card.kinds.length;
  const shapes = model.getOutputDetails().map(({ shape }) => shape.join());
  const output = (...shape: number[]): Float32Array | null => outputs[shapes.indexOf(shape.join())] ?? null;
  const probabilities = output(1, kinds);
  if (!probabilities?.every(Number.isFinite))
    throw new ModelError('fails', `it has no output of ${kinds} finite probabilities`);
  const oodScore = output(1, 1);
  const features = card.features === null ? null : output(1, 1, 1, card.features);
  return { probabilities, maps: output(1, GRID, GRID, kinds), oodScore: oodScore?.[0] ?? null, features };
}

async function fetchIfAny(
  url: string | null,
  reference: Promise<Bytes | null> | null,
): Promise<Bytes | null> {
  return url === null ? null : fetchPacked(url, reference);
}

/** Fetch and unpack a file. */
async function fetchPacked(url: string, reference: Promise<Bytes | null> | null): Promise<Bytes> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  const content = await decompressed(new Uint8Array(await response.arrayBuffer()));
  return unpack(content, await reference);
}

/** Decompress a file; a host that sets Content-Encoding has made the browser do so already. */
async function decompressed(packed: Bytes): Promise<Bytes> {
  if (startsWith(packed, ZSTD)) return decompress(packed) as Bytes;
  if (!startsWith(packed, GZIP)) return packed;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}
