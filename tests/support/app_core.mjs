// The app's core on standard input and output, for the tests: a line of JSON each way.
// In: {call, arguments}; arrays as {type, shape, bytes in base64}. Out: {result} or {error}.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const core = await import(pathToFileURL(process.argv[2]).href);
const TYPES = { uint8: Uint8Array, clamped: Uint8ClampedArray, float32: Float32Array };

const asPicture = ({ data, shape: [height, width] }) => ({ data, width, height });
const asList = (picture) => ({ width: picture.width, height: picture.height, bytes: base64(picture.data) });
const base64 = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

function read(value) {
  if (Array.isArray(value)) return value.map(read);
  if (value === null || typeof value !== 'object') return value;
  if (!value.bytes) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, read(one)]));
  const bytes = new Uint8Array(Buffer.from(value.bytes, 'base64'));
  const data = value.type === 'clamped' ? new Uint8ClampedArray(bytes.buffer) : new TYPES[value.type](bytes.buffer);
  return value.type === 'clamped' ? asPicture({ data, shape: value.shape }) : data;
}

const photoOf = (pixels, width = pixels.width, height = pixels.height) => ({ pixels, width, height });

// The network's answers are told by Python; each look takes the next.
const told = (fields) => {
  let next = 0;
  return async () => fields[next++];
};

// A classifier that tells the mean red of each of 7 x 7 squares, and of the upper half.
const meanColours = (kinds) => async (pixels) => {
  const [side, square] = [224, 32];
  const maps = new Float32Array(49 * kinds);
  for (let place = 0; place < side * side; place++) {
    const cell = 7 * Math.floor(place / side / square) + Math.floor((place % side) / square);
    maps[cell * kinds] += pixels[3 * place] / square ** 2;
  }
  const upper = maps.slice(0, 24 * kinds).reduce((sum, value) => sum + value, 0);
  return { probabilities: Float32Array.of(upper, ...Array(kinds - 1).fill(0)), maps, novelty: upper / 2 };
};

const CALLS = {
  constants: () => core.constants,
  roundEven: (values) => values.map(core.roundEven),
  percentile: (values, percents) => percents.map((percent) => core.percentile(values, percent)),
  resize: (picture, width, height, filter) => asList(core.resize(picture, width, height, core[filter])),
  resizeField: (field, from, to, filter) => ({ bytes: base64(core.resizeField(field, from, to, core[filter])) }),
  reduce: (picture, factor) => asList(core.reduce(picture, factor)),
  transform: (picture, side, matrix, grey) => asList(core.transform(picture, side, matrix, grey)),
  acrossDiagonal: (picture) => asList(core.acrossDiagonal(picture)),
  transposed: (fields) => ({ bytes: base64(core.transposed(fields)) }),
  fit: (picture) => asList(core.fit(picture).picture),
  draftOf: core.draftOf,
  separate: (fields, shown, scale, least) => core.separate(fields, shown, scale, least).map(plain),
  find: async (picture, width, height, fields) =>
    (await core.find(photoOf(picture, width, height), told(fields))).map(plain),
  cutAround: core.cutAround,
  takenFrom: (cut, picture, ratio, size) => asList(core.takenFrom(cut, picture, ratio, size)),
  shownFrom: (cut, picture, ratio, height) => asList(core.shownFrom(cut, picture, ratio, height)),
  overlay: (picture, map) => asList(core.overlay(picture, map)),
  readModel: async (bytes) => {
    const { flatbuffer, card } = await core.readModel(bytes);
    return { card, length: flatbuffer.length };
  },
  judge: core.judge,
  measure: (crop, cut, found) => core.measure(crop, cut, found),
  causesOf: core.causesOf,
  limits: () => core.LIMITS,
  track: core.track,
  answerTo: async (crop, kinds) => {
    const answer = await core.answerTo(crop, meanColours(kinds), core.VIEWS);
    return { ...answer, probabilities: [...answer.probabilities], maps: [...answer.maps] };
  },
};

const plain = (found) => ({ ...found, mask: { ...found.mask, data: base64(found.mask.data) } });

for await (const line of createInterface({ input: process.stdin })) {
  const { call, arguments: given } = JSON.parse(line);
  let answer;
  try {
    answer = { result: await CALLS[call](...read(given)) };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
