/**
 * Check the network in a model file before it is run: a few operators, fixed shapes, bounded size.
 *
 * In:    a TFLite flatbuffer, from an untrusted source; its Card
 * Out:   nothing, or a ModelError that says what the network has or does, and must not
 * Needs: card.ts, constants.json
 *
 * The checks of model/flatbuffer.py that concern a browser: the runtime is confined to its own memory there, so that
 * a forged network can stop the worker and nothing else.
 */

import type { Card } from './card';
import constants from './constants.json';
import { ModelError } from './model-error';

const { TYPES, MAX_ITEMS, MAX_AXES, MAX_ELEMENTS, MAX_TOTAL_ELEMENTS } = constants.flatbuffer;
const { SIZE } = constants.card;
const { GRID } = constants.model;
const TYPE_NAMES = new Map<number, string>(Object.entries(TYPES).map(([name, number]) => [number, name]));
const OPERATORS = new Set<number>(Object.values(constants.allowed_ops));
const INPUT = `uint8 [1, ${SIZE}, ${SIZE}, 3]`;

/** Fields of the tables in TFLite's schema, by their position. */
const MODEL = { operatorCodes: 1, subgraphs: 2 };
const OPERATOR_CODE = { deprecated: 0, custom: 1, builtin: 3 };
const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3 };
const TENSOR = { shape: 0, type: 1 };

/** Check a network. Throws ModelError. */
export function checkNetwork(flatbuffer: Uint8Array<ArrayBuffer>, card: Card): void {
  try {
    checkModel(rootOf(flatbuffer), card);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw rejected('is not well-formed'); // a RangeError outside the buffer
  }
}

function checkModel(model: Table, card: Card): void {
  for (const code of model.tables(MODEL.operatorCodes)) {
    // Operators above 127 are in the second field alone, which old files do not have.
    const number = Math.max(code.int8(OPERATOR_CODE.deprecated), code.int32(OPERATOR_CODE.builtin));
    if (code.has(OPERATOR_CODE.custom) || !OPERATORS.has(number))
      throw rejected(`uses TFLite's operator ${number}, which no model of keykind needs`);
  }
  const graphs = model.tables(MODEL.subgraphs);
  const [graph] = graphs;
  if (!graph || graphs.length > 1) throw rejected(`has ${graphs.length} graphs instead of 1`);
  graph.tables(SUBGRAPH.operators); // their number is checked
  const tensors = graph.tables(SUBGRAPH.tensors).map(tensorOf);
  const total = tensors.reduce((sum, { elements }) => sum + elements, 0);
  if (total > MAX_TOTAL_ELEMENTS)
    throw rejected(`has ${total} tensor elements, more than ${MAX_TOTAL_ELEMENTS}`);
  const texts = (field: number): string[] =>
    graph.integers(field).map((index) => tensors[index]?.text ?? `tensor ${index}`);
  const inputs = texts(SUBGRAPH.inputs).join(', ');
  if (inputs !== INPUT) throw rejected(`takes ${inputs || 'nothing'} instead of ${INPUT}`);
  checkOutputs(texts(SUBGRAPH.outputs), card);
}

/** Check that the outputs are those that the card promises. */
function checkOutputs(outputs: readonly string[], { kinds, maps, oodThreshold, features }: Card): void {
  const count = kinds.length;
  const expected = [`float32 [1, ${count}]`];
  if (maps) expected.push(`float32 [1, ${GRID}, ${GRID}, ${count}]`);
  if (features !== null) expected.push(`float32 [1, 1, 1, ${features}]`);
  const withScore = [...expected, 'float32 [1, 1]'];
  const same = (others: readonly string[]): boolean =>
    [...others].sort().join() === [...outputs].sort().join();
  if (same(withScore) || (oodThreshold === null && same(expected))) return;
  throw rejected(
    `outputs ${outputs.join(', ')}, but its card of ${count} classes needs ${withScore.join(', ')}`,
  );
}

function tensorOf(table: Table): { elements: number; text: string } {
  const number = table.int8(TENSOR.type);
  const type = TYPE_NAMES.get(number);
  if (type === undefined) throw rejected(`has a tensor of TFLite's type ${number}`);
  const shape = table.integers(TENSOR.shape);
  if (shape.length > MAX_AXES || shape.some((side) => side < 1))
    throw rejected('has a tensor without a fixed shape');
  const elements = shape.reduce((product, side) => product * side, 1);
  if (elements > MAX_ELEMENTS)
    throw rejected(`has a tensor of ${elements} elements, more than ${MAX_ELEMENTS}`);
  return { elements, text: `${type} [${shape.join(', ')}]` };
}

function rejected(what: string): ModelError {
  return new ModelError('network', `its network ${what}`);
}

function rootOf(flatbuffer: Uint8Array<ArrayBuffer>): Table {
  const view = new DataView(flatbuffer.buffer, flatbuffer.byteOffset, flatbuffer.byteLength);
  return new Table(view, view.getUint32(0, true));
}

/** A table of a flatbuffer; a field that is absent is 0, or empty. Reading outside the buffer throws a RangeError. */
class Table {
  readonly #view: DataView;
  readonly #start: number;
  readonly #fields: number; // position of its vtable

  constructor(view: DataView, start: number) {
    this.#view = view;
    this.#start = start;
    this.#fields = start - view.getInt32(start, true);
  }

  has(field: number): boolean {
    return this.#position(field) !== 0;
  }

  int8(field: number): number {
    const position = this.#position(field);
    return position && this.#view.getInt8(position);
  }

  int32(field: number): number {
    const position = this.#position(field);
    return position && this.#view.getInt32(position, true);
  }

  integers(field: number): number[] {
    return this.#items(field).map((position) => this.#view.getInt32(position, true));
  }

  tables(field: number): Table[] {
    return this.#items(field).map(
      (position) => new Table(this.#view, position + this.#view.getUint32(position, true)),
    );
  }

  /** Return the positions of the items of a vector, of four bytes each. */
  #items(field: number): number[] {
    const position = this.#position(field);
    if (!position) return [];
    const vector = position + this.#view.getUint32(position, true);
    const count = this.#view.getUint32(vector, true);
    if (count > MAX_ITEMS) throw rejected(`has a list of ${count} items, more than ${MAX_ITEMS}`);
    return Array.from({ length: count }, (_, i) => vector + 4 + 4 * i);
  }

  /** Return the position of a field; 0 if it is absent. */
  #position(field: number): number {
    const offset = 4 + 2 * field;
    if (offset >= this.#view.getUint16(this.#fields, true)) return 0;
    const distance = this.#view.getUint16(this.#fields + offset, true);
    return distance && this.#start + distance;
  }
}
