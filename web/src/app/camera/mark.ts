/**
 * The outline and the name of one key over the camera's picture.
 *
 * In:    where the key is, where its name is to be; its answer
 * Out:   SVG paths and a button, which glide to their places
 * Needs: viewport.ts
 */

import type { Box, Label, Point, Rectangle } from '../../core';
import { clamp, toStage, type Viewport } from './viewport';

const SVG = 'http://www.w3.org/2000/svg';
const ARRIVED = 0.3; // CSS px from its place at which something has arrived
const ROUND = 0.12; // of the shorter side: the radius of an outline's corners
const MAX_ROUND = 14; // CSS px
const REACH = 10; // CSS px around a key in which it can be tapped
const LEAVING_TIME = 220; // ms, as in outlines.css

interface Sizes {
  readonly full: { readonly width: number; readonly height: number };
  readonly short: { readonly width: number; readonly height: number };
}

/** What is drawn for a key. */
export class Mark {
  label: Label | null = null; // where the name was placed last
  readonly #outline = document.createElementNS(SVG, 'g');
  readonly #paths: readonly SVGPathElement[];
  readonly #leader = document.createElementNS(SVG, 'line');
  readonly #button = document.createElement('button');
  readonly #name = document.createElement('span');
  readonly #percent = document.createElement('span');
  #box: Box | null = null; // as drawn, px of the video
  #target: Box | null = null;
  #offset: Point | null = null; // of the label from the key's middle, as drawn, CSS px
  #targetOffset: Point = [0, 0];
  #area: Rectangle | null = null; // that the name does not leave while it glides
  #sizes: Sizes | null = null;
  #status = ''; // as drawn
  #text = '';

  constructor(svg: SVGSVGElement, labels: HTMLElement, onOpen: () => void) {
    this.#paths = ['rim', 'line'].map((name) => {
      const path = document.createElementNS(SVG, 'path');
      path.setAttribute('class', name);
      return path;
    });
    this.#leader.setAttribute('class', 'leader');
    this.#outline.append(...this.#paths, this.#leader);
    this.#button.type = 'button';
    this.#percent.className = 'percent';
    this.#button.append(this.#name, this.#percent);
    this.#button.addEventListener('click', onOpen);
    svg.append(this.#outline);
    labels.append(this.#button);
  }

  /** The key's area, px² of the video. */
  get size(): number {
    const [a, b, , d] = this.#target ?? [];
    return a && b && d ? distance(a, b) * distance(a, d) : 0;
  }

  /** Show an answer; percent may be empty. */
  describe(name: string, percent: string, status: string): void {
    if (this.#status !== status) {
      this.#outline.setAttribute('class', `key ${status}`);
      this.#button.className = `live-label ${status}`;
      this.#status = status;
    }
    if (this.#text === name + percent) return;
    this.#text = name + percent;
    this.#name.textContent = name;
    this.#percent.textContent = percent;
    this.#sizes = null;
  }

  /** Glide to a place; the first one is taken at once. */
  moveTo(box: Box): void {
    this.#target = box;
    this.#box ??= box;
  }

  /** Return the sizes of the name with and without the percentage, CSS px. */
  sizes(): Sizes {
    if (this.#sizes) return this.#sizes;
    this.#button.classList.remove('short');
    const full = { width: this.#button.offsetWidth, height: this.#button.offsetHeight };
    const hidden = this.#percent.textContent ? this.#percent.offsetWidth : 0;
    this.#sizes = { full, short: { width: full.width - hidden, height: full.height } };
    return this.#sizes;
  }

  /** Place the name in an area of the stage. middle: of the key, in the same px as the label. */
  placeLabel(label: Label, [x, y]: Point, area: Rectangle): void {
    this.label = label;
    this.#area = area;
    this.#button.classList.toggle('short', label.form === 'short');
    this.#targetOffset = [label.x - x, label.y - y];
    this.#offset ??= this.#targetOffset;
    const [start, end] = label.leader ?? [];
    this.#leader.classList.toggle('shown', start !== undefined);
    if (!start || !end) return;
    for (const [name, value] of [
      ['x1', start[0] - x],
      ['y1', start[1] - y],
      ['x2', end[0] - x],
      ['y2', end[1] - y],
    ] as const)
      this.#leader.setAttribute(name, value.toFixed(1));
  }

  /** Draw, a share of the way nearer to the place. Returns whether it has not arrived yet. */
  draw(share: number, view: Viewport): boolean {
    if (!this.#box || !this.#target || !this.#offset) return false;
    const target = this.#target;
    this.#box = this.#box.map((corner, i) => glide(corner, target[i] as Point, share)) as unknown as Box;
    this.#offset = glide(this.#offset, this.#targetOffset, share);
    const corners = this.#box.map((corner) => toStage(view, corner));
    const path = roundedPath(corners);
    for (const each of this.#paths) each.setAttribute('d', path);
    const [x, y] = middleOf(corners);
    this.#leader.setAttribute('transform', `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    const [left, top] = this.#keptInside([x + this.#offset[0], y + this.#offset[1]]);
    this.#button.style.translate = `${left.toFixed(1)}px ${top.toFixed(1)}px`;
    const scale = distance(corners[0] as Point, corners[1] as Point) / distance(this.#box[0], this.#box[1]);
    const rest = Math.max(...this.#box.map((corner, i) => distance(corner, target[i] as Point)));
    return rest * scale > ARRIVED || distance(this.#offset, this.#targetOffset) > ARRIVED;
  }

  /** Return the nearest place at which the name is not cut off: a key may reach far beyond what is visible. */
  #keptInside([x, y]: Point): Point {
    const [area, label] = [this.#area, this.label];
    if (!area || !label) return [x, y];
    const right = Math.max(area.x + area.width - label.width, area.x);
    const bottom = Math.max(area.y + area.height - label.height, area.y);
    return [clamp(x, area.x, right), clamp(y, area.y, bottom)];
  }

  /** Return whether a point of the stage is on the key, or near enough to mean it. */
  isAt(point: Point, view: Viewport): boolean {
    const corners = (this.#target ?? []).map((corner) => toStage(view, corner));
    const sides = corners.map((from, i) => sideOf(point, from, corners[(i + 1) % corners.length] as Point));
    return (
      corners.length > 0 && (sides.every((side) => side <= REACH) || sides.every((side) => side >= -REACH))
    );
  }

  /** Remove it, at once or gently. */
  leave(isAtOnce: boolean): void {
    const remove = (): void => {
      this.#outline.remove();
      this.#button.remove();
    };
    if (isAtOnce) {
      remove();
      return;
    }
    this.#button.disabled = true;
    this.#outline.classList.add('leaving');
    this.#button.classList.add('leaving');
    setTimeout(remove, LEAVING_TIME);
  }
}

/** Return an outline with round corners. */
function roundedPath(corners: readonly Point[]): string {
  const sides = corners.map((corner, i) => distance(corner, corners[(i + 1) % corners.length] as Point));
  const radius = Math.min(ROUND * Math.min(...sides), MAX_ROUND);
  const parts = corners.map((corner, i) => {
    const before = corners[(i + corners.length - 1) % corners.length] as Point;
    const after = corners[(i + 1) % corners.length] as Point;
    const [start, end] = [towards(corner, before, radius), towards(corner, after, radius)];
    return `${i ? 'L' : 'M'}${text(start)}Q${text(corner)} ${text(end)}`;
  });
  return `${parts.join('')}Z`;
}

function text([x, y]: Point): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}

function towards(from: Point, to: Point, length: number): Point {
  return glide(from, to, length / Math.max(distance(from, to), 1e-6));
}

function glide([x, y]: Point, [toX, toY]: Point, share: number): Point {
  return [x + share * (toX - x), y + share * (toY - y)];
}

/** Return how far a point is to the one side of a line (positive) or the other. */
function sideOf([x, y]: Point, [fromX, fromY]: Point, [toX, toY]: Point): number {
  const length = Math.max(Math.hypot(toX - fromX, toY - fromY), 1e-6);
  return ((toX - fromX) * (y - fromY) - (toY - fromY) * (x - fromX)) / length;
}

function middleOf(corners: readonly Point[]): Point {
  const count = corners.length;
  return [
    corners.reduce((sum, [x]) => sum + x, 0) / count,
    corners.reduce((sum, [, y]) => sum + y, 0) / count,
  ];
}

function distance([x, y]: Point, [otherX, otherY]: Point): number {
  return Math.hypot(x - otherX, y - otherY);
}
