/**
 * A JPEG or PNG file -> the same picture without its colour profile.
 *
 * In:    Blob
 * Out:   Blob
 * Needs: nothing
 *
 * Python ignores profiles. `colorSpaceConversion: 'none'` asks browsers to do so, too, but WebKit converts all the same.
 */

const JPEG = [0xff, 0xd8, 0xff];
const PNG = [0x89, 0x50, 0x4e, 0x47];
const [APP2, SCAN] = [0xe2, 0xda]; // markers of a JPEG: a profile's, and the first after the header
const ICC_PROFILE = 'ICC_PROFILE'; // at the start of the segment's data
const SEGMENT_START = 4; // bytes of a JPEG's marker and length
const [CHUNK_START, CHUNK_END] = [8, 4]; // bytes of a PNG chunk before and after its data
const COLOUR_CHUNKS = ['iCCP', 'gAMA', 'cHRM', 'sRGB', 'cICP'];
const MAX_PARTS = 1000; // of a header; real files have fewer than 100

/** A part of a file's header. */
interface Part {
  readonly bytes: number;
  readonly isProfile: boolean;
}

/** Return a file without its colour profile; other formats and damaged files as they are. */
export async function withoutProfile(file: Blob): Promise<Blob> {
  const start = await bytesAt(file, 0, 4);
  if (JPEG.every((byte, i) => start[i] === byte)) return withoutParts(file, 2, segment);
  if (PNG.every((byte, i) => start[i] === byte)) return withoutParts(file, 8, chunk);
  return file;
}

/** Drop the profiles among the parts from `at` on. `next` reads a part; null: no more of them can be a profile. */
async function withoutParts(
  file: Blob,
  at: number,
  next: (file: Blob, at: number) => Promise<Part | null>,
): Promise<Blob> {
  const kept: Blob[] = [];
  let from = 0;
  for (let count = 0; count < MAX_PARTS; count++) {
    const part = await next(file, at);
    if (!part) break;
    if (part.isProfile) {
      kept.push(file.slice(from, at));
      from = at + part.bytes;
    }
    at += part.bytes;
  }
  return from === 0 ? file : new Blob([...kept, file.slice(from)], { type: file.type });
}

/** Read a segment of a JPEG. Source: ITU-T T.81, B.1.1.4; ICC.1:2022, B.4. */
async function segment(file: Blob, at: number): Promise<Part | null> {
  const bytes = await bytesAt(file, at, SEGMENT_START + ICC_PROFILE.length);
  const marker = bytes[1];
  if (bytes.length < SEGMENT_START || bytes[0] !== 0xff || marker === SCAN) return null;
  const length = new DataView(bytes.buffer).getUint16(2);
  const isProfile = marker === APP2 && textOf(bytes.subarray(SEGMENT_START)) === ICC_PROFILE;
  return { bytes: 2 + length, isProfile };
}

/** Read a chunk of a PNG. Source: W3C, PNG, 5.3. */
async function chunk(file: Blob, at: number): Promise<Part | null> {
  const bytes = await bytesAt(file, at, CHUNK_START);
  const type = textOf(bytes.subarray(4));
  if (bytes.length < CHUNK_START || type === 'IDAT') return null;
  const length = new DataView(bytes.buffer).getUint32(0);
  return { bytes: CHUNK_START + length + CHUNK_END, isProfile: COLOUR_CHUNKS.includes(type) };
}

async function bytesAt(file: Blob, at: number, count: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(at, at + count).arrayBuffer());
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
