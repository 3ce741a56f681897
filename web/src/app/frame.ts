/**
 * What surrounds the views: navigation, notices, announcements, and the inputs for files.
 *
 * In:    a view of one of the pages; messages
 * Out:   the document; files that the user chose
 * Needs: dom.ts, words
 */

import { currentLanguage, t } from '../words';
import { button, el } from './dom';

const PAGES = ['scan', 'collection', 'about'] as const; // hashes of the URL; the first is the default
export type Page = (typeof PAGES)[number];

/** What becomes of a file that the user chose. */
export interface FrameActions {
  openPhoto(file: File): void;
  openModel(file: File): void;
}

/** Return the page that the URL names. */
export function currentPage(): Page {
  return PAGES.find((page) => location.hash === `#${page}`) ?? PAGES[0];
}

/** The frame around the views, which fills the document. */
export class Frame {
  readonly main = el('main', { id: 'main' }); // holds the view
  readonly #announcer = el('div', { class: 'visually-hidden', 'aria-live': 'polite', role: 'status' });
  readonly #notices = el('div', { class: 'notices' });
  readonly #photoInput = el('input', { type: 'file', accept: 'image/*', hidden: true });
  readonly #modelInput = el('input', { type: 'file', hidden: true }); // no `accept`: phones know no type for it

  constructor(actions: FrameActions) {
    onFile(this.#photoInput, (file) => actions.openPhoto(file));
    onFile(this.#modelInput, (file) => actions.openModel(file));
    document.documentElement.lang = currentLanguage();
  }

  /** Let the user choose a photo. */
  choosePhoto(): void {
    this.#photoInput.click();
  }

  /** Let the user choose a model file. */
  chooseModel(): void {
    this.#modelInput.click();
  }

  /** Whether a notice is shown. */
  get hasNotice(): boolean {
    return this.#notices.childElementCount > 0;
  }

  /** Show a notice until it is closed or replaced by another. */
  notify(message: string, type: 'error' | 'ready' | 'update', ...actions: HTMLElement[]): void {
    const notice = el(
      'div',
      { class: `notice ${type}`, role: type === 'error' ? 'alert' : 'status' },
      el('p', {}, message),
      ...actions,
      button('✕', () => notice.remove(), { class: 'close', 'aria-label': t('detail.close') }),
    );
    this.#notices.replaceChildren(notice);
  }

  /** Remove the notice that is shown. */
  clearNotices(): void {
    this.#notices.replaceChildren();
  }

  /** Announce a message to screen readers. */
  announce(message: string): void {
    this.#announcer.textContent = message;
  }

  /** Tell screen readers whether the view is about to change. */
  setBusy(isBusy: boolean): void {
    if (isBusy) this.main.setAttribute('aria-busy', 'true');
    else this.main.removeAttribute('aria-busy');
  }

  /** Show the view of a page; `moveFocus`: put the focus on its title. */
  show(page: Page, view: HTMLElement, appTitle: string, moveFocus: boolean): void {
    for (const link of document.querySelectorAll('nav a')) {
      const isCurrent = link.getAttribute('href') === `#${page}`;
      if (isCurrent) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    this.main.replaceChildren(view);
    const title = view.querySelector<HTMLElement>('h1');
    document.title = `${title?.textContent ?? ''} – ${appTitle}`;
    if (moveFocus) title?.focus();
  }

  /** Draw the frame, in the language in use. */
  draw(appTitle: string): void {
    const links = PAGES.map((page) => el('li', {}, el('a', { href: `#${page}` }, t(`nav.${page}`))));
    const skip = {
      class: 'skip',
      href: '#main',
      on: { click: (event: Event) => this.#skipToContent(event) },
    };
    document.body.replaceChildren(
      el('a', skip, t('nav.skip')),
      el(
        'header',
        { class: 'top' },
        el('span', { class: 'name' }, appTitle),
        el('nav', { 'aria-label': t('nav.label') }, el('ul', {}, ...links)),
      ),
      this.#notices,
      this.main,
      this.#announcer,
      this.#photoInput,
    );
  }

  #skipToContent(event: Event): void {
    event.preventDefault();
    this.main.querySelector<HTMLElement>('h1')?.focus();
  }
}

/** Call a function with each file that is chosen with an input, also with the same one twice. */
function onFile(input: HTMLInputElement, open: (file: File) => void): void {
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    input.value = '';
    if (file) open(file);
  });
}
