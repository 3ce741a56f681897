/** Tests of how a photo is enlarged. */

import { describe, expect, it } from 'vitest';
import type { Point } from '../../src/core/geometry';
import { isZoomed, type Size, zoomedTo } from '../../src/viewer/zoom';

const PHOTO: Size = { width: 640, height: 480 };
const FRAME: Size = { width: 320, height: 240 };

function corners(left: number, top: number, right: number, bottom: number): readonly Point[] {
  return [
    [left, top],
    [right, bottom],
  ];
}

describe('enlarging a key', () => {
  it('enlarges one that fills the photo, too', () => {
    const view = zoomedTo(corners(0, 0, 640, 480), 0.8, PHOTO, FRAME);
    expect(isZoomed(view, PHOTO, FRAME)).toBe(true);
  });

  it('lets a small one fill a share of the frame, in its middle', () => {
    const view = zoomedTo(corners(280, 200, 360, 280), 0.8, PHOTO, FRAME);
    expect(view.scale * 80).toBeCloseTo(0.8 * FRAME.height);
    expect(view.x + view.scale * 320).toBeCloseTo(FRAME.width / 2);
  });
});
