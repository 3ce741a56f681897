// The app's core on standard input and output, one line of JSON per request and reply.
// In: {method, arguments}; arrays as {type, shape, bytes in base64}. Out: {result} or {error}, after {run: bytes} for
// each run of the detector's network, to which the next line in is the array of its outputs, or {refine: bytes} for each
// run of the refiner's, which is answered by its values and then its masks in one array.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const core = await import(pathToFileURL(process.argv[2]).href);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const TYPES = { uint8: Uint8Array, float32: Float32Array };

const base64 = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
const encodeImage = ({ data, width, height }) => ({ width, height, bytes: base64(data) });
const encodeArray = (array) => ({ bytes: base64(array) });
const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== 'object') return value;
  if (!value.bytes) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decode(item)]));
  const bytes = new Uint8Array(Buffer.from(value.bytes, 'base64'));
  if (value.type !== 'clamped') return new TYPES[value.type](bytes.buffer);
  const [height, width] = value.shape;
  return { data: new Uint8ClampedArray(bytes.buffer), width, height };
}

// The detector's network, run by the process at the other end.
const runDetector = async (rgb) => {
  write({ run: base64(rgb) });
  return decode(JSON.parse((await lines.next()).value));
};

const runRefiner = async (rgb) => {
  write({ refine: base64(rgb) });
  const outputs = decode(JSON.parse((await lines.next()).value));
  const count = core.constants.refiner.OUTPUTS.length;
  return { values: outputs.subarray(0, count), masks: outputs.subarray(count) };
};

// A classifier whose map of the first kind is the mean red of each of 7 x 7 squares, and whose probability and OOD
// score are sums over the upper half of that map: not symmetric, so mirrored views differ.
const redClassifier = (kinds) => async (rgb) => {
  const [side, square] = [224, 32];
  const maps = new Float32Array(49 * kinds);
  for (let i = 0; i < side * side; i++) {
    const cell = 7 * Math.floor(i / side / square) + Math.floor((i % side) / square);
    maps[cell * kinds] += rgb[3 * i] / square ** 2;
  }
  const upper = maps.slice(0, 24 * kinds).reduce((sum, value) => sum + value, 0);
  return { probabilities: Float32Array.of(upper, ...Array(kinds - 1).fill(0)), maps, oodScore: upper / 2 };
};

const METHODS = {
  constants: () => core.constants,
  roundEven: (values) => values.map(core.roundEven),
  percentile: (values, percents) => percents.map((percent) => core.percentile(values, percent)),
  resize: (image, width, height, filter) => encodeImage(core.resize(image, width, height, core[filter])),
  resizeArray: (values, from, to, filter) => encodeArray(core.resizeArray(values, from, to, core[filter])),
  reduce: (image, factor) => encodeImage(core.reduce(image, factor)),
  transform: (image, size, matrix, grey) => encodeImage(core.transform(image, size, matrix, grey)),
  rotateLeft: (image) => encodeImage(core.rotateLeft(image)),
  letterbox: (image) => encodeImage(core.letterbox(image).image),
  draftFactor: core.draftFactor,
  decode: core.decode,
  boxOf: core.boxOf,
  keypointDistance: core.keypointDistance,
  detectAll: (photo, options) => core.detectAll(photo, runDetector, options),
  detectRefined: (photo, options) => core.detectAll(photo, runDetector, { ...options, refiner: runRefiner }),
  refine: (photo, detections, minScore) => core.refine(photo, detections, runRefiner, minScore),
  inTurn: core.inTurn,
  combinedScore: core.combinedScore,
  cropAround: core.cropAround,
  extract: (region, image, scale, size) => encodeImage(core.extract(region, image, scale, size)),
  extractUnstretched: (region, image, scale, height) =>
    encodeImage(core.extractUnstretched(region, image, scale, height)),
  overlay: (image, map) => encodeImage(core.overlay(image, map)),
  enrol: core.enrol,
  matchOf: (features, prototypes, network, least) =>
    core.match(features, core.galleryOf(prototypes, network), least),
  prototypeJson: (prototype) => core.prototypeToJson(core.prototypeFromJson(prototype)),
  readModel: async (bytes) => {
    const { flatbuffer, card } = await core.readModel(bytes);
    return { card, length: flatbuffer.length };
  },
  reasons: () => core.REASONS,
  readDecision: core.readDecision,
  defaultDecision: core.defaultDecision,
  decide: core.decide,
  calibratedProbabilities: core.calibratedProbabilities,
  verdictOf: core.verdictOf,
  measure: core.measure,
  causesOf: core.causesOf,
  limits: () => core.LIMITS,
  updateTracks: core.updateTracks,
  classifyViews: async (crop, kinds, oodThreshold) => {
    const outputs = await core.classifyViews(crop, redClassifier(kinds), core.VIEWS, { oodThreshold });
    return { ...outputs, probabilities: [...outputs.probabilities], maps: [...outputs.maps] };
  },
};

for await (const line of lines) {
  const request = JSON.parse(line);
  let reply;
  try {
    reply = { result: await METHODS[request.method](...decode(request.arguments)) };
  } catch (error) {
    const problem = error.problem ? `${error.problem}: ` : ''; // of a model
    reply = { error: problem + String(error.message ?? error) };
  }
  write(reply);
}
