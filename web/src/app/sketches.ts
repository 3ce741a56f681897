/**
 * A small sketch of each kind of key.
 *
 * In:    the name of a kind
 * Out:   a drawing in the colour of the text; null for a kind that keykind does not know by itself
 * Needs: sketches/*.svg
 */

import cruciform from '../sketches/cruciform.svg?raw';
import cylinder from '../sketches/cylinder.svg?raw';
import dimple from '../sketches/dimple.svg?raw';
import doubleBit from '../sketches/double_bit.svg?raw';
import laserTrack from '../sketches/laser_track.svg?raw';
import mortice from '../sketches/mortice.svg?raw';
import tubular from '../sketches/tubular.svg?raw';

const SKETCHES: Readonly<Record<string, string>> = {
  cylinder,
  dimple,
  laser_track: laserTrack,
  mortice,
  double_bit: doubleBit,
  cruciform,
  tubular,
};

/** Return the sketch of a kind. */
export function sketch(kind: string): Element | null {
  const source = SKETCHES[kind];
  if (!source) return null;
  const drawing = new DOMParser().parseFromString(source, 'image/svg+xml').documentElement;
  drawing.setAttribute('class', 'sketch');
  drawing.setAttribute('aria-hidden', 'true');
  return document.importNode(drawing, true);
}
