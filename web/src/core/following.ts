/**
 * The ways that the finder's network names -> the ends to which they come.
 *
 * In:    Fields; places of the grid
 * Out:   head and tip of the key of each place
 * Needs: constants.json
 *
 * The same as `_followed` in separation.py: ways are followed from place to place, because far from an end no
 * place tells where it is, only the way there.
 */

import constants from './constants.json';

const C = constants.postprocess;

/** What the network says: (GRID, GRID, EACH) float32, in C.FIELDS' order; ends in SIDEs from the place's centre. */
export type Fields = Float32Array;
/** Head and tip of a key, px of the network's picture: x, y, x, y. */
export type Ends = Float64Array;

export const EACH = C.FIELDS.length; // numbers of a place
const [FIRST] = C.ENDS as [number, number];
const FAINT = Math.fround(C.FAINT); // in single precision, as NumPy compares it with what the network says
const STAYS = 1; // px: a step that is shorter ends a way

/** Return the ends to which the ways of a place come. */
export function followed(fields: Fields, place: number): Ends {
  const head = follow(fields, place, 0);
  const tip = follow(fields, place, 1);
  return Float64Array.of(...head, ...tip);
}

/**
 * Return where the way to one end comes: 0 the head, 1 the tip.
 *
 * It ends where no key is any more, where it would turn, and where it stays.
 */
function follow(fields: Fields, start: number, end: 0 | 1): readonly [number, number] {
  const [firstX, firstY] = wayAt(fields, start, end);
  const first = Math.hypot(firstX, firstY);
  let [x, y] = [middle(start % C.GRID) + firstX, middle(Math.floor(start / C.GRID)) + firstY];
  for (let step = 0; step < C.STEPS; step++) {
    const [column, row] = [Math.floor(x / C.STRIDE), Math.floor(y / C.STRIDE)];
    if (column < 0 || column >= C.GRID || row < 0 || row >= C.GRID) break;
    const place = row * C.GRID + column;
    if ((fields[place * EACH + C.KEY] as number) < FAINT) break;
    const [wayX, wayY] = wayAt(fields, place, end);
    const short = Math.hypot(wayX, wayY);
    const ahead = wayX * firstX + wayY * firstY > C.AHEAD * short * first;
    if (!ahead && short >= C.STRIDE) break;
    const [toX, toY] = [middle(column) + wayX, middle(row) + wayY];
    const stays = Math.hypot(toX - x, toY - y) <= STAYS;
    [x, y] = [toX, toY];
    if (stays) break;
  }
  return [x, y];
}

function wayAt(fields: Fields, place: number, end: 0 | 1): readonly [number, number] {
  const from = place * EACH + FIRST + 2 * end;
  return [Math.fround((fields[from] as number) * C.SIDE), Math.fround((fields[from + 1] as number) * C.SIDE)];
}

/** Return the middle of a place, px. */
export function middle(place: number): number {
  return (place + 0.5) * C.STRIDE;
}
