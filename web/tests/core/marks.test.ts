/** From a key's crop to the photo and back. */

import { describe, expect, it } from 'vitest';
import { constants } from '../../src/core';
import { apply } from '../../src/core/affine';
import { cropAround, toPhoto } from '../../src/core/align';
import type { Box, Point } from '../../src/core/geometry';
import { evidenceCentre, markOnPhoto, pointOnCrop, pointOnPhoto, ringOnPhoto } from '../../src/core/marks';
import { keyAt, randomOf } from './keys';

const { GRID } = constants.model;
const FLAT = keyAt([100, 200], [300, 200]); // to the right, a third as wide as it is long

function expectNear(point: Point | null, [x, y]: Point): void {
  expect(point?.[0]).toBeCloseTo(x, 6);
  expect(point?.[1]).toBeCloseTo(y, 6);
}

describe('points', () => {
  it('are where the classifier samples the crop, at any size', () => {
    const key = keyAt([420, 310], [150, 90]);
    const size = [224, 112] as const;
    const region = cropAround(key.head, key.tip, key.box);
    expectNear(pointOnPhoto(key, [0.25, 0.75]), apply(toPhoto(region, size), [56, 84]));
  });

  it('come back from the photo', () => {
    const random = randomOf(5);
    for (let trial = 0; trial < 50; trial++) {
      const key = keyAt([900 * random(), 900 * random()], [900 * random(), 900 * random()]);
      const point: Point = [random(), random()];
      expectNear(pointOnCrop(key, pointOnPhoto(key, point)), point);
    }
  });

  it('of head and tip are on the middle line, inside the crop', () => {
    const [head, tip] = [pointOnCrop(FLAT, FLAT.head), pointOnCrop(FLAT, FLAT.tip)];
    expectNear(head, [0.08, 0.5]); // the margin of a crop
    expectNear(tip, [0.92, 0.5]);
  });

  it('of a whole photo are shares of it', () => {
    const box: Box = [
      [0, 0],
      [400, 0],
      [400, 300],
      [0, 300],
    ];
    expectNear(pointOnPhoto({ box, head: null, tip: null }, [0.25, 0.5]), [100, 150]);
  });
});

describe('marks', () => {
  it('cover the whole crop, around the box of the key, if they are all of it', () => {
    const corners = markOnPhoto(FLAT, [0, 0, 1, 1]);
    const width = 200 / 0.84; // with the margins
    expectNear(corners[0], [200 - width / 2, 200 - width / 4]);
    expectNear(corners[2], [200 + width / 2, 200 + width / 4]);
  });

  it('turn with the key', () => {
    const down = keyAt([500, 100], [500, 300]);
    const ring = ringOnPhoto(down, [0.5, 0.25, 1, 0.75]);
    const width = 200 / 0.84;
    expectNear(ring.centre, [500, 200 + width / 4]);
    expect(ring.degrees).toBeCloseTo(90);
    expect(ring.radiusAlong).toBeCloseTo(width / 4);
    expect(ring.radiusAcross).toBeCloseTo(width / 8);
  });
});

describe('evidenceCentre', () => {
  it('is the middle of the strongest cells', () => {
    const map = new Float32Array(GRID * GRID);
    map[2 * GRID + 5] = 4;
    map[3 * GRID + 5] = 4;
    map[0] = 1; // less than half the maximum
    expectNear(evidenceCentre(map), [5.5 / GRID, 3 / GRID]);
  });

  it('is nowhere without evidence', () => {
    expect(evidenceCentre(new Float32Array(GRID * GRID))).toBeNull();
  });
});
