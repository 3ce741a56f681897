/**
 * The app: its parts, and what is shown when.
 *
 * In:    the page, the engine when it is ready
 * Out:   views in the page's main part; answers for screen readers
 * Needs: the views
 */

import type { Card } from '../core';
import type { Engine } from '../engine/client';
import { PhotoFault, type Seen, type SeenKey, type Still } from '../engine/protocol';
import { choose, languageNow, number, say } from '../words';
import { aboutView } from './about';
import { answerOf } from './answers';
import { collectionView } from './collection';
import { openDetail } from './detail';
import { button, el } from './dom';
import { welcomeView } from './home';
import { cameraFault, Live } from './live';
import { stillView, summaryOf } from './still';

const PARTS = ['look', 'collection', 'about'] as const;
type Part = (typeof PARTS)[number];

/** The app in its page. */
export class App {
  readonly #main = el('main', { id: 'main' });
  readonly #said = el('div', { class: 'hidden', 'aria-live': 'polite', role: 'status' });
  readonly #notices = el('div', { class: 'notices' });
  readonly #input = el('input', { type: 'file', accept: 'image/*', hidden: true });
  #engine: Engine | null = null;
  #card: Card | null = null;
  #live: Live | null = null;
  #starting = false;
  #still: Still | null = null;
  #kept = new Map<number, number>(); // key of the photo -> its photo in the collection
  #loading: { loaded: number; total: number } | null = null;
  #milliseconds: number | null = null;

  constructor() {
    this.#input.addEventListener('change', () => {
      const [file] = this.#input.files ?? [];
      this.#input.value = '';
      if (file) void this.open(file);
    });
    addEventListener('hashchange', () => this.show(true));
    document.documentElement.lang = languageNow();
    this.#frame();
  }

  /** Take the engine, now that it is ready. */
  ready(engine: Engine, card: Card): void {
    [this.#engine, this.#card, this.#loading] = [engine, card, null];
    this.show();
  }

  /** Tell how much of the first visit's files is there. */
  progress(loaded: number, total: number): void {
    if (this.#engine) return;
    this.#loading = { loaded, total };
    const bar = this.#main.querySelector('progress');
    const words = this.#main.querySelector('.loading p');
    if (bar) [bar.max, bar.value] = [total, loaded];
    if (words) words.textContent = this.#loadingWords();
  }

  /** Look at a photo: a file, or a frame of the camera. */
  async open(photo: Blob | ImageBitmap): Promise<void> {
    if (!this.#engine) return;
    this.#notices.replaceChildren();
    this.#live?.stop();
    this.announce(say('still.looking'));
    this.#main.setAttribute('aria-busy', 'true');
    try {
      const still = await this.#engine.ask('still', photo);
      this.#still?.picture.close();
      document.querySelector('dialog')?.close(); // it asks for a key of the photo before
      [this.#still, this.#milliseconds] = [still, still.milliseconds];
      this.#kept = new Map();
      location.hash = '';
      this.show(true);
      this.announce([summaryOf(still), ...still.keys.map(answerOf)].join('. '));
    } catch (error) {
      this.fault(error);
    } finally {
      this.#main.removeAttribute('aria-busy');
    }
  }

  /** Say something to a screen reader. */
  announce(words: string): void {
    this.#said.textContent = words;
  }

  /** Tell what did not work, and what to do. */
  fault(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.notice(
      error instanceof PhotoFault ? say(`fault.${error.fault}`) : say('fault.other', { why }),
      'fault',
    );
  }

  /** Show a notice until it is closed. */
  notice(words: string, sort: string, ...more: HTMLElement[]): void {
    const shown = el(
      'div',
      { class: `notice ${sort}`, role: sort === 'fault' ? 'alert' : 'status' },
      el('p', {}, words),
      ...more,
      button('✕', () => shown.remove(), { class: 'close', 'aria-label': say('detail.close') }),
    );
    this.#notices.replaceChildren(shown);
  }

  /** Draw the part of the app that the address names. */
  show(moved = false): void {
    const part = partNow();
    for (const link of document.querySelectorAll('nav a')) {
      const here = link.getAttribute('href') === `#${part}`;
      if (here) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    if (part !== 'look') this.#live?.stop();
    const view = this.#view(part);
    this.#main.replaceChildren(view);
    const title = view.querySelector<HTMLElement>('h1');
    document.title = `${title?.textContent ?? ''} – keykind`;
    if (moved) title?.focus();
  }

  #view(part: Part): HTMLElement {
    if (part === 'about')
      return aboutView(this.#card, this.#milliseconds, (language) => this.#speak(language));
    if (part === 'collection') return this.#collection();
    if (this.#live) return this.#live.view;
    return this.#still ? this.#stillView(this.#still) : this.#welcome();
  }

  #collection(): HTMLElement {
    return collectionView({
      kinds: this.#card?.kinds ?? [],
      announce: (words) => this.announce(words),
      fault: (why) => this.fault(why),
      stale: () => this.show(true),
    });
  }

  #welcome(): HTMLElement {
    return welcomeView(this.#engine ? null : this.#loadingWords(), this.#loading, this.#card, {
      camera: () => void this.#camera(),
      choose: () => this.#input.click(),
    });
  }

  #stillView(still: Still): HTMLElement {
    return stillView(still, {
      opened: (key) => void this.#opened(key),
      another: () => this.#input.click(),
      camera: () => void this.#camera(),
      fault: (error) => this.fault(error),
    });
  }

  async #opened(place: number): Promise<void> {
    const key = this.#still?.keys[place];
    if (!key || !this.#engine) return;
    await openDetail(key, place, {
      engine: this.#engine,
      maps: this.#card?.maps ?? false,
      kept: this.#kept,
      fault: (error) => this.fault(error),
    });
  }

  async #camera(): Promise<void> {
    if (!this.#engine || this.#live || this.#starting) return;
    this.#notices.replaceChildren();
    this.#starting = true; // while the browser asks whether it may
    const live = new Live({
      engine: this.#engine,
      announce: (words) => this.announce(words),
      taken: (frame, touched) => void this.#taken(frame, touched),
      fault: (error) => this.fault(error),
      stopped: () => {
        this.#live = null;
        this.show(partNow() === 'look');
      },
      seen: (seen: Seen) => {
        this.#milliseconds = seen.milliseconds;
      },
    });
    try {
      await live.start();
      this.#live = live;
      this.show(true);
      this.announce(say('live.guide'));
    } catch (error) {
      live.stop();
      this.notice(cameraFault(error), 'fault');
    } finally {
      this.#starting = false;
    }
  }

  /** Look at a frame as at a photo; open the key that was touched. */
  async #taken(frame: ImageBitmap, touched: SeenKey | null): Promise<void> {
    await this.open(frame);
    const keys = this.#still?.keys ?? [];
    if (touched && keys.length) await this.#opened(nearest(touched, keys));
  }

  #speak(language: string): void {
    choose(language);
    this.#frame();
    document.querySelector<HTMLElement>('#language')?.focus();
  }

  #loadingWords(): string {
    if (!this.#loading) return say('load.start');
    const mega = (bytes: number): string => number(bytes / 1e6, 1);
    return say('load.first', { loaded: mega(this.#loading.loaded), total: mega(this.#loading.total) });
  }

  /** Draw what stands around the views. */
  #frame(): void {
    const links = PARTS.map((part) => el('li', {}, el('a', { href: `#${part}` }, say(`nav.${part}`))));
    document.body.replaceChildren(
      el('a', { class: 'skip', href: '#main', on: { click: (event) => this.#skip(event) } }, say('nav.skip')),
      el(
        'header',
        { class: 'top' },
        el('span', { class: 'name' }, say('app.name')),
        el('nav', { 'aria-label': say('nav.label') }, el('ul', {}, ...links)),
      ),
      this.#notices,
      this.#main,
      this.#said,
      this.#input,
    );
    this.show();
  }

  #skip(event: Event): void {
    event.preventDefault();
    this.#main.querySelector<HTMLElement>('h1')?.focus();
  }
}

/** Return which of some keys lies nearest to one of another frame. */
function nearest(key: SeenKey, keys: readonly SeenKey[]): number {
  const far = (other: SeenKey): number => {
    const off = (corner: 0 | 2, axis: 0 | 1): number => other.box[corner][axis] - key.box[corner][axis];
    return Math.hypot(off(0, 0) + off(2, 0), off(0, 1) + off(2, 1)); // twice that of their middles
  };
  return (
    keys.map((other, place) => [far(other), place] as const).sort(([one], [other]) => one - other)[0]?.[1] ??
    0
  );
}

function partNow(): Part {
  return PARTS.find((part) => location.hash === `#${part}`) ?? 'look';
}
