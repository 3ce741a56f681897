/**
 * What the finder's network says of each place of a picture -> the keys.
 *
 * In:    Fields, how much of them is photo
 * Out:   Found(s), the surest first, in pixels of the upright original
 * Needs: masks.ts, naming.ts, resize.ts
 *
 * The same as separation.py; see there for the method, and constants.json for its numbers.
 */

import constants from './constants.json';
import { type Box, cornersOf, type Mask, rectangleAlong } from './masks';
import { COVERED, EACH, type Ends, type Fields, length, owned } from './naming';
import { clamp, sortedPercentile } from './numbers';
import type { Point } from './picture';
import { resizeField } from './resize';

const C = constants.postprocess;

/** One key of a photo. */
export interface Found {
  readonly score: number; // 0..1
  readonly box: Box; // around what is seen of it, along the key; it begins at the head
  readonly head: Point; // also where it is hidden or outside
  readonly tip: Point;
  readonly occluded: number; // share of its area in the frame that other things hide
  readonly cutOff: number; // share of its area outside the frame
  readonly mask: Mask; // of the whole photo, coarse: a pixel of it stands for `scale` pixels
  readonly scale: number;
}

/**
 * Return the keys that the network's answer tells of, the surest first.
 *
 * shown: width and height of the photo in the picture, px; scale: pixels of the photo for one of it.
 */
export function separate(
  fields: Fields,
  [width, height]: readonly [number, number],
  scale: number,
  least: number,
): Found[] {
  const { owner, keys } = owned(fields);
  const covered = enlarged(fields, C.KEY);
  const bladed = enlarged(fields, C.BLADE);
  const found: Found[] = [];
  keys.forEach((named, number) => {
    const told = toldOf(fields, owner, number);
    if (told.count < C.LEAST_PLACES || told.score < least) return;
    const mine = (x: number, y: number): boolean =>
      (covered[y * C.SIDE + x] as number) >= COVERED &&
      owner[Math.floor(y / C.STRIDE) * C.GRID + Math.floor(x / C.STRIDE)] === number;
    const mask = maskOf(width, height, mine);
    if (!mask.data.includes(1)) return;
    const blade = maskOf(
      width,
      height,
      (x, y) => mine(x, y) && (bladed[y * C.SIDE + x] as number) >= COVERED,
    );
    const [head, tip] = laid(named, mask, blade, Math.max(told.occluded, told.cutOff) > C.HIDES);
    const box = rectangleAlong(cornersOf(mask), [tip[0] - head[0], tip[1] - head[1]]);
    const far = ([x, y]: Point): Point => [x * scale, y * scale];
    const corners: Box = [far(box[0]), far(box[1]), far(box[2]), far(box[3])];
    const { score, occluded, cutOff } = told;
    found.push({ score, occluded, cutOff, box: corners, head: far(head), tip: far(tip), mask, scale });
  });
  return found.sort((one, other) => other.score - one.score);
}

/** Return the network's answer to a picture as that to the picture mirrored along its diagonal. */
export function transposed(fields: Fields): Fields {
  const back = new Float32Array(fields.length);
  const [ends] = C.ENDS as [number, number];
  for (let place = 0; place < C.GRID * C.GRID; place++) {
    const from = EACH * ((place % C.GRID) * C.GRID + Math.floor(place / C.GRID));
    back.set(fields.subarray(from, from + EACH), EACH * place);
    for (const x of [ends, ends + 2]) {
      back.set([fields[from + x + 1] as number, fields[from + x] as number], EACH * place + x);
    }
  }
  return back;
}

/** Return what a key's places say of it together. */
function toldOf(fields: Fields, owner: Int32Array, number: number) {
  const peaks = C.PEAKS.map(() => 0);
  let [count, key, occluded, cutOff] = [0, 0, 0, 0];
  for (let place = 0; place < owner.length; place++) {
    if (owner[place] !== number) continue;
    const start = place * EACH;
    count++;
    key += fields[start + C.KEY] as number;
    occluded += fields[start + (C.HIDDEN[0] as number)] as number;
    cutOff += fields[start + (C.HIDDEN[0] as number) + 1] as number;
    for (let peak = 0; peak < peaks.length; peak++) {
      peaks[peak] = Math.max(peaks[peak] as number, fields[start + peak] as number);
    }
  }
  const together = peaks.reduce((product, peak) => product * peak, 1);
  const score = (key / count) * Math.sqrt(together ** (1 / 3));
  return { count, score, occluded: clamp(occluded / count, 0, 1), cutOff: clamp(cutOff / count, 0, 1) };
}

/** Return head and tip, px, of a key whose places name `named`, by its mask and its blade. */
function laid(named: Ends, mask: Mask, blade: Mask, hidden: boolean): readonly [Point, Point] {
  const all = spread(mask, () => true);
  const bow = spread(mask, (place) => !blade.data[place]);
  const cut = spread(blade, () => true);
  let ends = named;
  if (cut.count && bow.count) {
    const towards: Point = [cut.middle[0] - bow.middle[0], cut.middle[1] - bow.middle[1]];
    if (all.far > C.SLENDER ** 2 * all.short) {
      const sign = all.axis[0] * towards[0] + all.axis[1] * towards[1] >= 0 ? 1 : -1;
      const along: Point = [sign * all.axis[0], sign * all.axis[1]];
      const [x, y] = all.middle;
      if (!hidden) {
        ends = Float64Array.of(x - along[0], y - along[1], x + along[0], y + along[1]);
      } else if ((at(named, 2) - at(named, 0)) * along[0] + (at(named, 3) - at(named, 1)) * along[1] < 0) {
        ends = Float64Array.of(at(named, 2), at(named, 3), at(named, 0), at(named, 1));
      }
    }
  }
  return stretched(ends, mask, hidden);
}

/** Return head and tip, moved along the key to where its places end; of a hidden key at least so far. */
function stretched(ends: Ends, mask: Mask, hidden: boolean): readonly [Point, Point] {
  const [x, y] = [at(ends, 0), at(ends, 1)];
  const far = length(ends);
  if (far < 1)
    return [
      [x, y],
      [at(ends, 2), at(ends, 3)],
    ];
  const along: Point = [(at(ends, 2) - x) / far, (at(ends, 3) - y) / far];
  const places = new Float64Array(mask.data.length);
  let count = 0;
  eachMiddle(mask, (px, py) => {
    places[count++] = (px - x) * along[0] + (py - y) * along[1];
  });
  const sorted = places.subarray(0, count).sort();
  const first = sortedPercentile(sorted, C.EXTREME);
  const last = sortedPercentile(sorted, 100 - C.EXTREME);
  const doubted = C.DOUBTED * Math.max(far, last - first);
  const moveHead = Math.abs(first) > doubted && !(hidden && first > 0);
  const moveTip = Math.abs(last - far) > doubted && !(hidden && last < far);
  const head: Point = moveHead ? [x + along[0] * first, y + along[1] * first] : [x, y];
  const tip: Point = moveTip ? [x + along[0] * last, y + along[1] * last] : [at(ends, 2), at(ends, 3)];
  return [head, tip];
}

/** How a mask's pixels lie: how many, their mean, the variances along their axes, and the longer axis. */
interface Spread {
  readonly count: number;
  readonly middle: Point;
  readonly short: number;
  readonly far: number;
  readonly axis: Point;
}

function spread(mask: Mask, taken: (place: number) => boolean): Spread {
  let [count, x, y, xx, xy, yy] = [0, 0, 0, 0, 0, 0];
  eachMiddle(mask, (px, py, place) => {
    if (!taken(place)) return;
    count++;
    x += px;
    y += py;
    xx += px * px;
    xy += px * py;
    yy += py * py;
  });
  const middle: Point = [x / count, y / count];
  const rest = count - 1;
  const [a, b, c] = [(xx - x * middle[0]) / rest, (xy - x * middle[1]) / rest, (yy - y * middle[1]) / rest];
  const half = Math.hypot((a - c) / 2, b);
  const turn = Math.atan2(2 * b, a - c) / 2;
  const mean = (a + c) / 2;
  return { count, middle, short: mean - half, far: mean + half, axis: [Math.cos(turn), Math.sin(turn)] };
}

function eachMiddle(mask: Mask, seen: (x: number, y: number, place: number) => void): void {
  for (let y = 0, place = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++, place++) {
      if (mask.data[place]) seen(x + 0.5, y + 0.5, place);
    }
  }
}

function maskOf(width: number, height: number, inside: (x: number, y: number) => boolean): Mask {
  const data = new Uint8Array(width * height);
  for (let y = 0, place = 0; y < height; y++) {
    for (let x = 0; x < width; x++, place++) if (inside(x, y)) data[place] = 1;
  }
  return { data, width, height };
}

function enlarged(fields: Fields, field: number): Float32Array {
  const one = new Float32Array(C.GRID * C.GRID);
  for (let place = 0; place < one.length; place++) one[place] = fields[place * EACH + field] as number;
  return resizeField(one, [C.GRID, C.GRID], [C.SIDE, C.SIDE]);
}

function at(ends: Ends, place: number): number {
  return ends[place] as number;
}
