/**
 * Which view the page's address names: deep links and the Back button work on any host, because it is in the hash.
 *
 * In:    the hash of the address
 * Out:   a signal of the Route; navigation
 * Needs: @preact/signals
 */

import { signal } from '@preact/signals';

/** The views. */
export type Route =
  | { readonly view: 'scan' }
  | { readonly view: 'answer'; readonly id: number }
  | { readonly view: 'history' }
  | { readonly view: 'import'; readonly group: number }
  | { readonly view: 'corrections' }
  | { readonly view: 'kinds' }
  | { readonly view: 'kind'; readonly kind: string }
  | { readonly view: 'my-keys' }
  | { readonly view: 'my-key'; readonly id: number | null } // null: a new one
  | { readonly view: 'about' }
  | { readonly view: 'unknown' }; // the address names no view

export type View = Route['view'];

/** The route of the address. */
export const route = signal<Route>(parseRoute(location.hash));

addEventListener('hashchange', () => {
  views++;
  route.value = parseRoute(location.hash);
});

let views = 0; // opened in this visit after the first

/** Return whether no other view was shown before in this visit, so that Back would leave the app. */
export function isFirstView(): boolean {
  return views === 0;
}

/** Return the route that a hash names; an empty one is the camera. */
export function parseRoute(hash: string): Route {
  const [view = '', argument = ''] = hash.replace(/^#\/?/, '').split('/').map(decode);
  const number = /^\d+$/.test(argument) ? Number(argument) : null;
  switch (view) {
    case 'answer':
      return number === null ? { view: 'unknown' } : { view, id: number };
    case 'import':
      return number === null ? { view: 'unknown' } : { view, group: number };
    case 'kinds':
      return argument ? { view: 'kind', kind: argument } : { view };
    case 'my-keys':
      if (!argument) return { view };
      return number === null && argument !== 'new' ? { view: 'unknown' } : { view: 'my-key', id: number };
    case 'collection': // of versions before 0.11
      return { view: 'corrections' };
    case 'history':
    case 'corrections':
    case 'about':
      return { view };
    case '':
    case 'scan':
      return { view: 'scan' };
    default:
      return { view: 'unknown' };
  }
}

/** Return the hash that names a route. */
export function hashOf(to: Route): string {
  switch (to.view) {
    case 'scan':
      return '#/';
    case 'answer':
      return `#/answer/${to.id}`;
    case 'import':
      return `#/import/${to.group}`;
    case 'kind':
      return `#/kinds/${encodeURIComponent(to.kind)}`;
    case 'my-key':
      return `#/my-keys/${to.id ?? 'new'}`;
    default:
      return `#/${to.view}`;
  }
}

/** Go to a view; `replace`: Back does not return to the present one. */
export function navigate(to: Route, replace = false): void {
  if (replace) history.replaceState(null, '', hashOf(to));
  else if (hashOf(to) !== location.hash) {
    history.pushState(null, '', hashOf(to));
    views++;
  }
  route.value = to;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
