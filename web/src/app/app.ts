/**
 * The app: its pages, and which of them is shown.
 *
 * In:    the document; the engine, when it is ready
 * Out:   views in the main element; announcements for screen readers
 * Needs: the views
 */

import type { Card } from '../core';
import type { Engine } from '../engine/client';
import { type KeyResult, PhotoError, type PhotoResult } from '../engine/protocol';
import { currentLanguage, formatNumber, setLanguage, t } from '../words';
import { aboutView } from './about';
import { Camera, cameraErrorText } from './camera';
import { collectionView } from './collection';
import { answerText } from './describe';
import { openDetail } from './detail';
import { button, el } from './dom';
import { homeView, type Progress } from './home';
import { photoView, summaryText } from './photo';

const PAGES = ['scan', 'collection', 'about'] as const; // hashes of the URL; the first is the default
type Page = (typeof PAGES)[number];

/** The app in its document. */
export class App {
  readonly #main = el('main', { id: 'main' });
  readonly #announcer = el('div', { class: 'visually-hidden', 'aria-live': 'polite', role: 'status' });
  readonly #notices = el('div', { class: 'notices' });
  readonly #fileInput = el('input', { type: 'file', accept: 'image/*', hidden: true });
  #engine: Engine | null = null;
  #card: Card | null = null;
  #camera: Camera | null = null;
  #isCameraStarting = false;
  #photo: PhotoResult | null = null;
  #stored = new Map<number, number>(); // index of a key in the photo -> id of its photo in the collection
  #progress: Progress | null = null;
  #milliseconds: number | null = null;

  constructor() {
    this.#fileInput.addEventListener('change', () => {
      const [file] = this.#fileInput.files ?? [];
      this.#fileInput.value = '';
      if (file) void this.openPhoto(file);
    });
    addEventListener('hashchange', () => this.show(true));
    document.documentElement.lang = currentLanguage();
    this.#drawFrame();
  }

  /** Called when the engine is ready. */
  ready(engine: Engine, card: Card): void {
    [this.#engine, this.#card, this.#progress] = [engine, card, null];
    this.show();
  }

  /** Show how much of the first visit's download is done. */
  showProgress(loaded: number, total: number): void {
    if (this.#engine) return;
    this.#progress = { loaded, total };
    const bar = this.#main.querySelector('progress');
    const message = this.#main.querySelector('.loading p');
    if (bar) [bar.max, bar.value] = [total, loaded];
    if (message) message.textContent = this.#loadingText();
  }

  /** Recognise the keys in a photo: a file, or a frame of the camera. */
  async openPhoto(photo: Blob | ImageBitmap): Promise<void> {
    if (!this.#engine) return;
    this.#notices.replaceChildren();
    this.#camera?.stop();
    this.announce(t('photo.busy'));
    this.#main.setAttribute('aria-busy', 'true');
    try {
      const result = await this.#engine.call('recognisePhoto', photo);
      this.#photo?.bitmap.close();
      document.querySelector('dialog')?.close(); // it shows a key of the previous photo
      [this.#photo, this.#milliseconds] = [result, result.milliseconds];
      this.#stored = new Map();
      location.hash = '';
      this.show(true);
      this.announce([summaryText(result), ...result.keys.map(answerText)].join('. '));
    } catch (error) {
      this.reportError(error);
    } finally {
      this.#main.removeAttribute('aria-busy');
    }
  }

  /** Announce a message to screen readers. */
  announce(message: string): void {
    this.#announcer.textContent = message;
  }

  /** Show an error, and what the user can do about it. */
  reportError(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const message = error instanceof PhotoError ? t(`error.${error.problem}`) : t('error.other', { why });
    this.notify(message, 'error');
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

  /** Show the page that the URL names; `moveFocus`: put the focus on its title. */
  show(moveFocus = false): void {
    const page = currentPage();
    for (const link of document.querySelectorAll('nav a')) {
      const isCurrent = link.getAttribute('href') === `#${page}`;
      if (isCurrent) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    if (page !== 'scan') this.#camera?.stop();
    const view = this.#view(page);
    this.#main.replaceChildren(view);
    const title = view.querySelector<HTMLElement>('h1');
    document.title = `${title?.textContent ?? ''} – ${t('app.name')}`;
    if (moveFocus) title?.focus();
  }

  #view(page: Page): HTMLElement {
    if (page === 'about')
      return aboutView(this.#card, this.#milliseconds, (language) => this.#switchLanguage(language));
    if (page === 'collection') return this.#collectionView();
    if (this.#camera) return this.#camera.view;
    return this.#photo ? this.#photoView(this.#photo) : this.#homeView();
  }

  #collectionView(): HTMLElement {
    return collectionView({
      kinds: this.#card?.kinds ?? [],
      announce: (message) => this.announce(message),
      reportError: (error) => this.reportError(error),
      refresh: () => this.show(true),
    });
  }

  #homeView(): HTMLElement {
    return homeView(this.#engine ? null : this.#loadingText(), this.#progress, this.#card, {
      openCamera: () => void this.#openCamera(),
      choosePhoto: () => this.#fileInput.click(),
    });
  }

  #photoView(result: PhotoResult): HTMLElement {
    return photoView(result, {
      openKey: (index) => void this.#openKey(index),
      choosePhoto: () => this.#fileInput.click(),
      openCamera: () => void this.#openCamera(),
      reportError: (error) => this.reportError(error),
    });
  }

  async #openKey(index: number): Promise<void> {
    const key = this.#photo?.keys[index];
    if (!key || !this.#engine) return;
    await openDetail(key, index, {
      engine: this.#engine,
      maps: this.#card?.maps ?? false,
      stored: this.#stored,
      reportError: (error) => this.reportError(error),
    });
  }

  async #openCamera(): Promise<void> {
    if (!this.#engine || this.#camera || this.#isCameraStarting) return;
    this.#notices.replaceChildren();
    this.#isCameraStarting = true; // the browser may be asking for permission
    const camera = this.#createCamera(this.#engine);
    try {
      await camera.start();
      this.#camera = camera;
      this.show(true);
      this.announce(t('camera.guide'));
    } catch (error) {
      camera.stop();
      this.notify(cameraErrorText(error), 'error');
    } finally {
      this.#isCameraStarting = false;
    }
  }

  #createCamera(engine: Engine): Camera {
    return new Camera({
      engine,
      announce: (message) => this.announce(message),
      onPhoto: (frame, tapped) => void this.#openFrame(frame, tapped),
      onResult: ({ milliseconds }) => {
        this.#milliseconds = milliseconds;
      },
      onStop: () => {
        this.#camera = null;
        this.show(currentPage() === 'scan');
      },
      reportError: (error) => this.reportError(error),
    });
  }

  /** Recognise a camera frame as a photo, and open the key that was tapped. */
  async #openFrame(frame: ImageBitmap, tapped: KeyResult | null): Promise<void> {
    await this.openPhoto(frame);
    const keys = this.#photo?.keys ?? [];
    if (tapped && keys.length) await this.#openKey(nearestKey(tapped, keys));
  }

  #switchLanguage(language: string): void {
    setLanguage(language);
    this.#drawFrame();
    document.querySelector<HTMLElement>('#language')?.focus();
  }

  #loadingText(): string {
    if (!this.#progress) return t('load.start');
    const megabytes = (bytes: number): string => formatNumber(bytes / 1e6, 1);
    const { loaded, total } = this.#progress;
    return t('load.first', { loaded: megabytes(loaded), total: megabytes(total) });
  }

  /** Draw what surrounds the views: skip link, navigation, notices. */
  #drawFrame(): void {
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
        el('span', { class: 'name' }, t('app.name')),
        el('nav', { 'aria-label': t('nav.label') }, el('ul', {}, ...links)),
      ),
      this.#notices,
      this.#main,
      this.#announcer,
      this.#fileInput,
    );
    this.show();
  }

  #skipToContent(event: Event): void {
    event.preventDefault();
    this.#main.querySelector<HTMLElement>('h1')?.focus();
  }
}

/** Return the index of the key nearest to a key of another frame. */
function nearestKey(key: KeyResult, keys: readonly KeyResult[]): number {
  const distances = keys.map((other) => {
    const offset = (axis: 0 | 1): number =>
      other.box[0][axis] + other.box[2][axis] - key.box[0][axis] - key.box[2][axis];
    return Math.hypot(offset(0), offset(1)); // twice the distance between the centres
  });
  return distances.indexOf(Math.min(...distances));
}

function currentPage(): Page {
  return PAGES.find((page) => location.hash === `#${page}`) ?? PAGES[0];
}
