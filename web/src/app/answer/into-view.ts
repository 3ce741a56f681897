/**
 * Bring a part of a card into view, below the photo that stays at the top of a phone's page.
 *
 * In:    an element of a card
 * Out:   the page is scrolled, if need be
 * Needs: a browser
 */

const GAP = 12; // px between the photo, or the window's edge, and the element

/** Scroll the page until an element's top is visible and, if there is room, its end. */
export function bringIntoView(element: HTMLElement): void {
  const { top, bottom, left } = element.getBoundingClientRect();
  const pane = element.closest('.answer-body')?.querySelector('.pane')?.getBoundingClientRect();
  const menu = document.querySelector('.tabs')?.getBoundingClientRect();
  const isBelowPhoto = pane !== undefined && pane.right > left;
  const upper = (isBelowPhoto ? pane.height : 0) + GAP;
  const isMenuBelow = menu !== undefined && menu.top > innerHeight / 2;
  const lower = (isMenuBelow ? menu.top : innerHeight) - GAP;
  const by = top < upper || bottom - top > lower - upper ? top - upper : Math.max(bottom - lower, 0);
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (by !== 0) scrollBy({ top: by, behavior: isCalm ? 'instant' : 'smooth' });
}
