/**
 * Parts of a page, made without HTML in strings: the content policy allows no inline styles, and text stays text.
 *
 * In:    tags, attributes, children
 * Out:   elements
 * Needs: a browser
 */

export type Child = Node | string | null | false;

/** Attributes, and what happens on events; null and false leave an attribute out. */
export interface Parts {
  readonly on?: { readonly [E in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[E]) => void };
  readonly [attribute: string]: unknown;
}

/** Return an element. */
export function el<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  parts: Parts = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[T] {
  const made = document.createElement(tag);
  for (const [event, heard] of Object.entries(parts.on ?? {})) {
    made.addEventListener(event, heard as EventListener);
  }
  setAll(made, parts);
  made.append(...children.filter((child): child is Node | string => child !== null && child !== false));
  return made;
}

/** Return an element of a drawing. */
export function svg<T extends keyof SVGElementTagNameMap>(
  tag: T,
  parts: Readonly<Record<string, unknown>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[T] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  setAll(made, parts);
  made.append(...children.filter((child): child is Node | string => child !== null && child !== false));
  return made;
}

/** Return a button with words, and what it does. */
export function button(words: string, does: () => void, parts: Parts = {}): HTMLButtonElement {
  return el('button', { type: 'button', ...parts, on: { click: does } }, words);
}

/** Return a canvas that shows a bitmap, described for those who do not see it. */
export function pictureOf(bitmap: ImageBitmap, words: string): HTMLCanvasElement {
  const canvas = el('canvas', {
    role: 'img',
    'aria-label': words,
    width: bitmap.width,
    height: bitmap.height,
  });
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  return canvas;
}

/** Return a place of the shape of a picture, which its children fill. */
export function stage(width: number, height: number, ...children: readonly Child[]): HTMLElement {
  const made = el('div', { class: 'stage' }, ...children);
  shape(made, width, height);
  return made;
}

/** Give a stage the shape of a picture. */
export function shape(made: HTMLElement, width: number, height: number): void {
  made.style.aspectRatio = `${width} / ${height}`;
}

function setAll(made: Element, parts: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(parts)) {
    if (name === 'on' || value === null || value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : String(value));
  }
}
