/**
 * Outlines and names over the camera's picture, which move smoothly from result to result.
 *
 * In:    the keys to draw after each frame, in px of the video; how the picture is shown
 * Out:   SVG and buttons in the elements that it is given
 * Needs: viewport.ts, labels.ts
 *
 * Drawn by hand rather than by Preact: it changes 60 times a second for a few keys, and nothing else does.
 */

import { type Box, type Label, type Point, placeLabels, type SteadyKey } from '../../core';
import { formatProbability, t } from '../../words';
import { statusOf } from '../answer/describe';
import { kindLabel } from '../kinds/kinds';
import { Mark } from './mark';
import { toStage, type Viewport } from './viewport';

const SETTLE = 45; // ms in which an outline covers 63% of the way to its new place

/** The part of the stage that no control covers, CSS px. */
export interface ClearArea {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How the overlay is used. */
export interface OverlayOptions {
  readonly svg: SVGSVGElement;
  readonly labels: HTMLElement;
  viewport(): Viewport;
  clearArea(): ClearArea;
  onOpen(id: number): void;
  ownName(key: SteadyKey): string | null; // which of the user's keys it is
}

/** The outlines of the keys in view. */
export class Overlay {
  readonly #options: OverlayOptions;
  readonly #marks = new Map<number, Mark>();
  readonly #isStill = matchMedia('(prefers-reduced-motion: reduce)');
  #keys: readonly SteadyKey[] = [];
  #lastTime: number | null = null; // of the last drawing; null: nothing moves
  #request = 0;

  constructor(options: OverlayOptions) {
    this.#options = options;
  }

  /** Draw these keys. */
  update(keys: readonly SteadyKey[]): void {
    this.#keys = keys.filter(({ head }) => head !== null);
    const ids = new Set(this.#keys.map(({ id }) => id));
    for (const [id, mark] of this.#marks) {
      if (ids.has(id)) continue;
      mark.leave(this.#isStill.matches);
      this.#marks.delete(id);
    }
    for (const key of this.#keys) {
      const mine = this.#options.ownName(key);
      const name = mine ? `${nameOf(key)} · ${mine}` : nameOf(key);
      this.#markOf(key).describe(name, percentOf(key), statusOf(key));
    }
    this.refresh();
  }

  /** Draw the same keys where they are now: the picture was zoomed, or its size has changed. */
  refresh(): void {
    this.#placeLabels();
    if (!this.#request) this.#request = requestAnimationFrame((time) => this.#draw(time));
  }

  /** Return the id of the key at a point of the stage: the smallest, if there are several. */
  keyAt(point: Point): number | null {
    const viewport = this.#options.viewport();
    const hits = [...this.#marks].filter(([, mark]) => mark.isAt(point, viewport));
    const [best] = hits.sort(([, one], [, other]) => one.size - other.size);
    return best?.[0] ?? null;
  }

  /** Remove everything. */
  clear(): void {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    for (const mark of this.#marks.values()) mark.leave(true);
    this.#marks.clear();
    this.#keys = [];
  }

  #markOf({ id, box }: SteadyKey): Mark {
    const known = this.#marks.get(id);
    const mark = known ?? new Mark(this.#options.svg, this.#options.labels, () => this.#options.onOpen(id));
    if (!known) this.#marks.set(id, mark);
    mark.moveTo(box);
    return mark;
  }

  /** Choose places for the names: beside their keys, in the part of the stage that no control covers. */
  #placeLabels(): void {
    const { viewport, clearArea } = this.#options;
    const view = viewport();
    const area = clearArea();
    const marks = this.#keys.flatMap(({ id }) => this.#marks.get(id) ?? []);
    const boxes = this.#keys.map(({ box }) => boxIn(box, view, area));
    const sized = marks.map((mark, i) => ({ box: boxes[i] as Box, ...mark.sizes() }));
    const previous = marks.map(({ label }) => label);
    placeLabels(area, sized, 1, previous).forEach((label: Label, i) => {
      marks[i]?.placeLabel(label, middleOf(boxes[i] as Box), area);
    });
  }

  #draw(time: number): void {
    const elapsed = time - (this.#lastTime ?? time - 16);
    const share = this.#isStill.matches ? 1 : 1 - Math.exp(-elapsed / SETTLE);
    const view = this.#options.viewport();
    let isMoving = false;
    for (const mark of this.#marks.values()) isMoving = mark.draw(share, view) || isMoving;
    this.#lastTime = isMoving ? time : null;
    this.#request = isMoving ? requestAnimationFrame((next) => this.#draw(next)) : 0;
  }
}

/** Return the name of a key's kind, or that it is not sure. */
function nameOf({ verdict }: SteadyKey): string {
  return verdict.kind === null ? t('key.notSure') : kindLabel(verdict.kind);
}

function percentOf({ verdict, percent }: SteadyKey): string {
  return verdict.kind === null ? '' : formatProbability(percent / 100);
}

/** Return a box in px of a part of the stage. */
function boxIn(box: Box, view: Viewport, { x, y }: ClearArea): Box {
  return box.map((corner) => {
    const [left, top] = toStage(view, corner);
    return [left - x, top - y] as const;
  }) as unknown as Box;
}

function middleOf(box: Box): Point {
  return [box.reduce((sum, [x]) => sum + x, 0) / 4, box.reduce((sum, [, y]) => sum + y, 0) / 4];
}
