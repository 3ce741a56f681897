/**
 * A packed file of the app -> the model file, as src/keykind/model/packed.py specifies.
 *
 * In:    the bytes of a packed file, decompressed; the reference that it was packed with
 * Out:   the bytes of the file
 * Needs: nothing
 *
 * The file's arrays are stored after one another and split by significance: all first bytes, all second bytes, ... The
 * int8 kernels of a network that was fine-tuned from the same weights as the reference are differences to its kernels.
 */

const MAGIC = 'KKP1';
const WORD = 4; // bytes of a number in the header
const [ARRAYS, ARRAY_WORDS, PRODUCT_WORDS] = [4 * WORD, 5, 4]; // where the list of arrays begins, and lengths of entries
const ITEM_BYTES = [1, 2, 4]; // of the elements of arrays, in the order in which they are stored
const [RATIO_BITS, RATIO_HALF] = [8, 128]; // of the fraction of a channel's ratio; what rounds it
const NONE = 0xffff_ffff; // no reference

type Bytes = Uint8Array<ArrayBuffer>;

/** Numbers of one size in a file. */
interface NumberArray {
  readonly offset: number;
  readonly item: number; // bytes of an element
  readonly rows: number; // channels of a kernel
  readonly columns: number;
  readonly reference: number; // offset of the reference's kernel, or NONE
}

/** Scales of a bias: those at `source`, times a factor. */
interface Product {
  readonly offset: number;
  readonly source: number;
  readonly count: number;
  readonly factor: number;
}

interface Header {
  readonly size: number; // of the file
  readonly arrays: readonly NumberArray[];
  readonly products: readonly Product[];
  readonly length: number; // of the header
}

/** Return the file; content that is no packed file is returned unchanged. Throws Error if the reference is missing. */
export function unpack(content: Bytes, reference: Bytes | null): Bytes {
  if (!hasMagic(content)) return content;
  const { size, arrays, products, length } = readHeader(content);
  const differences = arrays.filter((array) => array.reference !== NONE);
  if (differences.length > 0 && !reference)
    throw new Error('the file was packed with a reference, which is missing');
  const file = new Uint8Array(size);
  const channels = differences.reduce((sum, { rows }) => sum + rows, 0);
  const ratios = new Uint8Array(2 * channels);
  let position = join(content, length, ratios, 0, ratios.length, 2);
  for (const [start, stop] of gaps(arrays, products, size)) {
    file.set(content.subarray(position, position + stop - start), start);
    position += stop - start;
  }
  for (const item of ITEM_BYTES) {
    for (const array of arrays) {
      const { offset, rows, columns } = array;
      if (array.item === item) position = join(content, position, file, offset, item * rows * columns, item);
    }
  }
  if (reference) addReferences(file, differences, new DataView(ratios.buffer), reference);
  multiply(file, products);
  return file;
}

function hasMagic(content: Bytes): boolean {
  return [...MAGIC].every((character, i) => content[i] === character.charCodeAt(0));
}

function readHeader(content: Bytes): Header {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const word = (at: number): number => view.getUint32(at, true);
  const [size, arrayCount, productCount] = [word(WORD), word(2 * WORD), word(3 * WORD)];
  const words = (start: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => word(start + WORD * i));
  const arrays = Array.from({ length: arrayCount }, (_, i): NumberArray => {
    const entry = words(ARRAYS + WORD * ARRAY_WORDS * i, ARRAY_WORDS);
    const [offset = 0, item = 0, rows = 0, columns = 0, reference = NONE] = entry;
    return { offset, item, rows, columns, reference };
  });
  const start = ARRAYS + WORD * ARRAY_WORDS * arrayCount;
  const products = Array.from({ length: productCount }, (_, i): Product => {
    const at = start + WORD * PRODUCT_WORDS * i;
    const [offset = 0, source = 0, count = 0] = words(at, PRODUCT_WORDS - 1);
    return { offset, source, count, factor: view.getFloat32(at + WORD * (PRODUCT_WORDS - 1), true) };
  });
  return { size, arrays, products, length: start + WORD * PRODUCT_WORDS * productCount };
}

/** Return start and stop of the bytes between arrays and products. */
function gaps(
  arrays: readonly NumberArray[],
  products: readonly Product[],
  size: number,
): readonly (readonly [number, number])[] {
  const taken = [
    ...arrays.map(({ offset, item, rows, columns }) => [offset, offset + item * rows * columns] as const),
    ...products.map(({ offset, count }) => [offset, offset + WORD * count] as const),
  ].sort(([one], [other]) => one - other);
  return [...taken, [size, size] as const].map(([start], i) => [taken[i - 1]?.[1] ?? 0, start]);
}

/** Write elements whose bytes are split by significance; return where the next ones begin. */
function join(from: Bytes, start: number, to: Bytes, offset: number, bytes: number, item: number): number {
  if (item === 1) {
    to.set(from.subarray(start, start + bytes), offset);
    return start + bytes;
  }
  let position = start;
  for (let part = 0; part < item; part++) {
    for (let at = offset + part; at < offset + bytes; at += item) to[at] = from[position++] as number;
  }
  return position;
}

/** Add the reference's kernels to the differences, each channel scaled, modulo 256. */
function addReferences(
  file: Bytes,
  differences: readonly NumberArray[],
  ratios: DataView,
  reference: Bytes,
): void {
  const kernels = new Int8Array(reference.buffer, reference.byteOffset, reference.length);
  let channel = 0;
  for (const { offset, rows, columns, reference: source } of differences) {
    for (let row = 0; row < rows; row++) {
      const ratio = ratios.getUint16(2 * channel++, true);
      const [start, from] = [offset + row * columns, source + row * columns];
      for (let i = 0; i < columns; i++) {
        const scaled = ((kernels[from + i] as number) * ratio + RATIO_HALF) >> RATIO_BITS;
        file[start + i] = (file[start + i] as number) + scaled;
      }
    }
  }
}

function multiply(file: Bytes, products: readonly Product[]): void {
  const view = new DataView(file.buffer);
  for (const { offset, source, count, factor } of products) {
    for (let i = 0; i < WORD * count; i += WORD) {
      view.setFloat32(offset + i, view.getFloat32(source + i, true) * factor, true); // exact before it is rounded
    }
  }
}
