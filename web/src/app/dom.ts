/**
 * Build elements without HTML strings: text stays text, and the content security policy allows no inline styles.
 *
 * In:    tags, attributes, children
 * Out:   elements
 * Needs: a browser
 */

export type Child = Node | string | null | false;

/** Attributes and event listeners; an attribute that is null or false is omitted. */
export interface Attributes {
  readonly on?: { readonly [E in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[E]) => void };
  readonly [attribute: string]: unknown;
}

/** Return an HTML element. */
export function el<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[T] {
  const element = document.createElement(tag);
  for (const [event, listener] of Object.entries(attributes.on ?? {})) {
    element.addEventListener(event, listener as EventListener);
  }
  setAttributes(element, attributes);
  appendChildren(element, children);
  return element;
}

/** Return an SVG element. */
export function svg<T extends keyof SVGElementTagNameMap>(
  tag: T,
  attributes: Readonly<Record<string, unknown>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[T] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  setAttributes(element, attributes);
  appendChildren(element, children);
  return element;
}

/** Return a button. */
export function button(label: string, onClick: () => void, attributes: Attributes = {}): HTMLButtonElement {
  return el('button', { type: 'button', ...attributes, on: { click: onClick } }, label);
}

/** Return a canvas that shows a bitmap, with a text alternative. */
export function bitmapCanvas(bitmap: ImageBitmap, label: string): HTMLCanvasElement {
  const canvas = el('canvas', {
    role: 'img',
    'aria-label': label,
    width: bitmap.width,
    height: bitmap.height,
  });
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  return canvas;
}

/** Return a box with the aspect ratio of an image, filled by its children. */
export function stage(width: number, height: number, ...children: readonly Child[]): HTMLElement {
  const element = el('div', { class: 'stage' }, ...children);
  setAspectRatio(element, width, height);
  return element;
}

/** Give a stage the aspect ratio of an image. */
export function setAspectRatio(element: HTMLElement, width: number, height: number): void {
  element.style.aspectRatio = `${width} / ${height}`;
}

function setAttributes(element: Element, attributes: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on' || value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

function appendChildren(element: Element, children: readonly Child[]): void {
  element.append(...children.filter((child): child is Node | string => child !== null && child !== false));
}
