/**
 * LiteRT in a worker: the runtime and the two networks, ready to run.
 *
 * In:    addresses of packed files
 * Out:   Networks
 * Needs: @litertjs/core
 *
 * The files are gzip, whatever the host does, so a first visit is as small on a host that compresses nothing.
 */

import { type CompiledModel, loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core';
import { type Answer, constants, type Networks, readModel } from '../core';
import type { Places } from './protocol';

const { SIDE } = constants.postprocess;
const { SIZE } = constants.card;
const { GRID } = constants.model;

type Bytes = Uint8Array<ArrayBuffer>;

/** What the runtime's script takes its files from. */
interface Options {
  instantiateWasm(imports: WebAssembly.Imports, done: (made: WebAssembly.Instance) => void): object;
  print(line: string): void;
  printErr(line: string): void;
}

/** Return the networks. Throws an Error that says which file cannot be had or used. */
export async function loadNetworks(places: Places): Promise<Networks> {
  const [finderBytes, keysBytes] = await Promise.all([
    fetchPacked(places.finder),
    fetchPacked(places.keys),
    start(places),
  ]);
  const { flatbuffer, card } = await readModel(keysBytes);
  const [finder, keys] = [await compile(finderBytes), await compile(flatbuffer)];
  return {
    card,
    look: async (pixels) => (await run(finder, pixels, SIDE))[0] as Float32Array,
    classify: async (pixels) => answerOf(await run(keys, pixels, SIZE), keys, card.kinds.length),
  };
}

async function start({ runtime }: Places): Promise<void> {
  withoutGpu();
  const wasm = fetchPacked(runtime.wasm);
  const failed = new Promise<never>((_, fail) => {
    const options: Options = {
      instantiateWasm: (imports, done) => {
        const inflated = wasm.then((bytes) => WebAssembly.instantiate(bytes, imports));
        inflated.then(({ instance }) => done(instance)).catch(fail);
        return {};
      },
      print: () => undefined,
      printErr: () => undefined, // what matters comes as an exception
    };
    Object.assign(globalThis, { Module: options });
  });
  await Promise.race([loadLiteRt(runtime.script), failed]);
}

/** Keep LiteRT from taking a graphics device that is never used. */
function withoutGpu(): void {
  const gpu = { requestAdapter: async () => null };
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
}

async function compile(bytes: Bytes): Promise<CompiledModel> {
  return loadAndCompile(bytes, { accelerator: 'wasm' });
}

async function run(model: CompiledModel, pixels: Bytes, side: number): Promise<Float32Array[]> {
  const input = new Tensor(pixels, [1, side, side, 3]);
  const outputs = await model.run(input);
  input.delete();
  return outputs.map((output) => {
    const values = output.toTypedArray() as Float32Array;
    output.delete();
    return values;
  });
}

/** Tell the outputs apart by their shape, as docs/model-file.md says. */
function answerOf(outputs: readonly Float32Array[], model: CompiledModel, kinds: number): Answer {
  const shapes = model.getOutputDetails().map(({ shape }) => shape.join());
  const output = (...shape: number[]): Float32Array | null => outputs[shapes.indexOf(shape.join())] ?? null;
  const probabilities = output(1, kinds);
  if (!probabilities?.every(Number.isFinite)) throw new Error('what the model gives are no probabilities');
  const novelty = output(1, 1);
  return { probabilities, maps: output(1, GRID, GRID, kinds), novelty: novelty?.[0] ?? null };
}

/** Return a file, unpacked; a host may have unpacked it already. */
async function fetchPacked(address: string): Promise<Bytes> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const packed = new Uint8Array(await response.arrayBuffer());
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return packed;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
