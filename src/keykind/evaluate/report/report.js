'use strict';
// Folds sections to suit the screen, opens them for links and for paper, and chooses photos by the cells of a matrix.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  document.documentElement.classList.add('js');
  if (matchMedia('(min-width: 64rem)').matches) all('details[data-state=wide]').forEach((part) => (part.open = true));

  // A link into a folded section opens it.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let part = target.querySelector('details'); part; part = part.parentElement.closest('details')) part.open = true;
    target.scrollIntoView();
  };
  addEventListener('hashchange', reveal);
  all('nav a').forEach((link) => link.addEventListener('click', () => setTimeout(reveal)));
  reveal();

  // Paper shows what is folded, but for what is only of use on a screen.
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = all('details:not([open])').filter((part) => !part.closest('.unprinted, nav'));
    opened.forEach((part) => (part.open = true));
  });
  addEventListener('afterprint', () => opened.forEach((part) => (part.open = false)));

  const section = document.getElementById('wrong');
  const cells = all('button[data-cell]');
  const photos = [...section.querySelectorAll('[data-cell]')];
  const status = section.querySelector('[role=status]');
  const clear = section.querySelector('.clear');
  const allText = status.textContent;
  const parts = [...section.querySelectorAll('details[id]')].map((part) => [part, part.open]);
  let chosen = null;

  const choose = (cell) => {
    const released = chosen;
    chosen = cell;
    cells.forEach((other) => other.setAttribute('aria-pressed', String(other === cell)));
    const name = cell?.dataset.cell;
    photos.forEach((photo) => (photo.hidden = Boolean(cell) && !photo.dataset.cell.split(' ').includes(name)));
    const shown = photos.filter((photo) => !photo.hidden);
    parts.forEach(([part, open]) => (part.open = cell ? shown.some((photo) => part.contains(photo)) : open));
    section.classList.toggle('filtered', Boolean(cell));
    clear.hidden = !cell;
    status.textContent = cell ? `${cell.title}; ${shown.length} shown, all are in predictions.csv.` : allText;
    if (!cell) return released;
    section.querySelector('details').open = true;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    section.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'start' });
    return released;
  };

  cells.forEach((cell) => cell.addEventListener('click', () => choose(cell === chosen ? null : cell)));
  clear.addEventListener('click', () => choose(null)?.focus());
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && chosen) choose(null)?.focus();
  });
})();
