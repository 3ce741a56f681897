/** Places of labels in a photo. */

import { describe, expect, it } from 'vitest';
import { type Box, type Point, segmentBox } from '../../src/core/geometry';
import { type Label, type LabelledKey, placeLabels } from '../../src/core/labels';
import { areaOf, boundsOf, cornersOf, doOverlap, overlapArea } from '../../src/core/overlap';
import type { Size } from '../../src/core/places';
import { randomOf } from './keys';

const PHOTO: Size = { width: 1200, height: 900 };
const [FULL, SHORT]: [Size, Size] = [
  { width: 120, height: 26 },
  { width: 24, height: 26 },
];
const SCALE = 0.5; // px of the screen per px of the photo
const SMALL_SCALE = 0.15;
const GRID_STEP = 12; // px of the photo

function labelled(box: Box): LabelledKey {
  return { box, full: FULL, short: SHORT };
}

/** Return keys at random places, some of them partly outside the photo. */
function arrangement(count: number, random: () => number): LabelledKey[] {
  return Array.from({ length: count }, () => {
    const length = 60 + 260 * random() ** 2;
    const [angle, middle]: [number, Point] = [
      2 * Math.PI * random(),
      [PHOTO.width * random(), PHOTO.height * random()],
    ];
    const [dx, dy] = [(Math.cos(angle) * length) / 2, (Math.sin(angle) * length) / 2];
    const [head, tip]: [Point, Point] = [
      [middle[0] - dx, middle[1] - dy],
      [middle[0] + dx, middle[1] + dy],
    ];
    return labelled(segmentBox(head, tip, length * (0.25 + 0.2 * random())));
  });
}

function othersOf<T>(items: readonly T[], index: number): T[] {
  return items.filter((_, i) => i !== index);
}

/** Return whether a number could be somewhere in the photo without overlapping any of some boxes. */
function hasFreePlace(obstacles: readonly Box[], scale: number): boolean {
  const size = { width: SHORT.width / scale, height: SHORT.height / scale };
  for (let x = 0; x <= PHOTO.width - size.width; x += GRID_STEP) {
    for (let y = 0; y <= PHOTO.height - size.height; y += GRID_STEP) {
      const place = cornersOf({ x, y, ...size });
      if (obstacles.every((obstacle) => !doOverlap(place, obstacle))) return true;
    }
  }
  return false;
}

/** Call a function with many arrangements and their labels. */
function forMany(
  counts: readonly number[],
  trials: number,
  scale: number,
  check: (keys: readonly LabelledKey[], labels: readonly Label[]) => void,
): void {
  const random = randomOf(7);
  for (const count of counts) {
    for (let trial = 0; trial < trials; trial++) {
      const keys = arrangement(count, random);
      check(keys, placeLabels(PHOTO, keys, scale));
    }
  }
}

describe('labels in random arrangements', () => {
  it.each([
    ['of few keys', SCALE, [1, 2, 3, 5], 20],
    ['of many keys', SCALE, [10, 20, 30], 4],
    ['on a small screen', SMALL_SCALE, [8, 16], 4],
  ])('%s cover no other key and no other label if there is a free place', (_, scale, counts, trials) => {
    forMany(counts, trials, scale, (keys, labels) => {
      labels.forEach((label, i) => {
        const boxes = othersOf(keys, i).map(({ box }) => box);
        const others = othersOf(labels, i).filter((other) => label.isCovering || !other.isCovering);
        const obstacles = [...boxes, ...others.map(cornersOf)];
        const isOver = obstacles.some((obstacle) => doOverlap(cornersOf(label), obstacle));
        expect(isOver).toBe(label.isCovering);
        if (isOver) expect(hasFreePlace(obstacles, scale)).toBe(false);
      });
    });
  });

  it('include some for which there is no free place', () => {
    let covering = 0;
    forMany([16], 4, SMALL_SCALE, (_, labels) => {
      covering += labels.filter(({ isCovering }) => isCovering).length;
    });
    expect(covering).toBeGreaterThan(0);
  });

  it('lie inside the photo', () => {
    forMany([1, 5, 20], 8, SCALE, (_, labels) => {
      for (const { x, y, width, height } of labels) {
        expect(Math.min(x, y)).toBeGreaterThan(-1e-6);
        expect(x + width).toBeLessThan(PHOTO.width + 1e-6);
        expect(y + height).toBeLessThan(PHOTO.height + 1e-6);
      }
    });
  });
});

describe('labels', () => {
  it('are all full, beside their key and without a line, where there is room', () => {
    const places = [0, 1, 2, 3, 4, 5].map(
      (i): Box =>
        segmentBox(
          [80 + 400 * (i % 3), 250 + 400 * Math.floor(i / 3)],
          [280 + 400 * (i % 3), 250 + 400 * Math.floor(i / 3)],
          70,
        ),
    );
    for (const label of placeLabels(PHOTO, places.map(labelled), SCALE)) {
      expect(label).toMatchObject({ form: 'full', leader: null, isCovering: false });
      expect(label.direction).toBeCloseTo(1.5 * Math.PI); // above
    }
  });

  it('have a line to their key if they are not beside it', () => {
    let lines = 0;
    forMany([30], 4, SCALE, (keys, labels) => {
      labels.forEach(({ leader, form }, i) => {
        if (!leader) return;
        lines++;
        const { box } = keys[i] as LabelledKey;
        expect(form).toBe('short');
        const end = cornersOf({ x: leader[1][0] - 1, y: leader[1][1] - 1, width: 2, height: 2 });
        expect(overlapArea(end, box)).toBeGreaterThan(0);
      });
    });
    expect(lines).toBeGreaterThan(0);
  });

  it('are the same for the same input', () => {
    const keys = arrangement(15, randomOf(4));
    expect(placeLabels(PHOTO, keys, SCALE)).toEqual(placeLabels(PHOTO, keys, SCALE));
  });
});

describe('a label inside its key', () => {
  it('of a giant box is inside it, at a corner', () => {
    const giant = segmentBox([0, 450], [1200, 450], 900);
    const [label] = placeLabels(PHOTO, [labelled(giant)], SCALE) as [Label];
    expect(label).toMatchObject({ form: 'full', isCovering: false });
    expect(overlapArea(cornersOf(label), giant)).toBeCloseTo(areaOf(cornersOf(label)));
    expect(Math.hypot(label.x, label.y)).toBeLessThan(90); // px: two gaps and the margin of a corner
  });

  it.each([
    ['the left', [-900, 450], [300, 450]],
    ['the top and the right', [700, 300], [1900, -500]],
    ['every side', [-400, 450], [1700, 500]],
  ] as [string, Point, Point][])(
    'of a large key that reaches beyond %s is on its visible part',
    (_, head, tip) => {
      const cut = segmentBox(head, tip, 500);
      const [label] = placeLabels(PHOTO, [labelled(cut)], SCALE) as [Label];
      const frame = cornersOf({ x: 0, y: 0, ...PHOTO });
      expect(label.form).toBe('full');
      expect(overlapArea(cornersOf(label), cut)).toBeCloseTo(areaOf(cornersOf(label)));
      expect(overlapArea(cornersOf(label), frame)).toBeCloseTo(areaOf(cornersOf(label)));
    },
  );

  it('of a giant box leaves the keys inside it free', () => {
    const inner = segmentBox([20, 60], [300, 60], 100);
    const labels = placeLabels(
      PHOTO,
      [labelled(segmentBox([0, 450], [1200, 450], 900)), labelled(inner)],
      SCALE,
    );
    expect(doOverlap(cornersOf(labels[0] as Label), inner)).toBe(false);
    expect(doOverlap(cornersOf(labels[0] as Label), cornersOf(labels[1] as Label))).toBe(false);
    expect(doOverlap(cornersOf(labels[1] as Label), inner)).toBe(false); // beside its key all the same
  });
});

describe('a label beside its key', () => {
  it('becomes a number where the answer has no room', () => {
    const walls = [300, 400].map((x): Box => segmentBox([x, 0], [x, 900], 20)); // 80 px between them
    const narrow = segmentBox([350, 300], [350, 380], 40);
    const labels = placeLabels(PHOTO, [...walls, narrow].map(labelled), SCALE);
    expect(labels[2]).toMatchObject({ form: 'short', leader: null, isCovering: false });
    expect(Math.abs((labels[2] as Label).y - 300)).toBeLessThan(200);
  });

  it('has the drawn size at any scale', () => {
    const key = labelled(segmentBox([400, 300], [600, 300], 70));
    for (const scale of [0.25, 1, 3]) {
      const [{ width, height }] = placeLabels(PHOTO, [key], scale) as [Label];
      expect([width * scale, height * scale]).toEqual([FULL.width, FULL.height]);
    }
  });

  it('keeps its direction while a trembling hand turns the key', () => {
    const at = (degrees: number): LabelledKey => {
      const angle = (degrees * Math.PI) / 180;
      const box = segmentBox([500, 400], [500 + 200 * Math.cos(angle), 400 + 200 * Math.sin(angle)], 70);
      return { ...labelled(box), full: { width: 50, height: 26 } };
    };
    const [kept, fresh]: [Set<unknown>, Set<unknown>] = [new Set(), new Set()];
    let labels: Label[] = [];
    for (let frame = 0; frame < 20; frame++) {
      const keys = [at(frame % 2 ? 40 : 48)]; // degrees, as a hand trembles
      labels = placeLabels(PHOTO, keys, SCALE, labels);
      kept.add(labels[0]?.direction);
      fresh.add(placeLabels(PHOTO, keys, SCALE)[0]?.direction);
    }
    expect([kept.size, fresh.size]).toEqual([1, 2]);
  });
});

describe('boundsOf', () => {
  it('is the smallest upright rectangle', () => {
    expect(boundsOf(segmentBox([0, 0], [10, 0], 4))).toEqual({ x: 0, y: -2, width: 10, height: 4 });
  });
});
