/**
 * The app: its pages, and which of them is shown.
 *
 * In:    the document; the session, which runs a model
 * Out:   views in the main element; announcements for screen readers
 * Needs: the views
 */

import constants from '../core/constants.json';
import { type KeyResult, PhotoError, type PhotoResult } from '../engine/protocol';
import { currentLanguage, formatNumber, setLanguage, t } from '../words';
import { aboutView } from './about';
import { Camera, cameraErrorText } from './camera';
import { collectionView } from './collection';
import { answerText } from './describe';
import { openDetail } from './detail';
import { button, el } from './dom';
import { homeView, type Progress } from './home';
import { modelErrorText } from './model-text';
import { isModel, type OwnModel } from './models';
import { photoView, summaryText } from './photo';
import type { Running, Session } from './session';

const { WHOLE } = constants.card;
const PAGES = ['scan', 'collection', 'about'] as const; // hashes of the URL; the first is the default
type Page = (typeof PAGES)[number];

/** The app in its document. */
export class App {
  readonly #main = el('main', { id: 'main' });
  readonly #announcer = el('div', { class: 'visually-hidden', 'aria-live': 'polite', role: 'status' });
  readonly #notices = el('div', { class: 'notices' });
  readonly #fileInput = el('input', { type: 'file', accept: 'image/*', hidden: true });
  readonly #modelInput = el('input', { type: 'file', hidden: true }); // no `accept`: phones know no type for it
  readonly #started: Promise<void>;
  #markStarted: () => void = () => undefined;
  #camera: Camera | null = null;
  #isCameraStarting = false;
  #photo: PhotoResult | null = null;
  #stored = new Map<number, number>(); // index of a key in the photo -> id of its photo in the collection
  #progress: Progress | null = null;
  #milliseconds: number | null = null;

  constructor(readonly session: Session) {
    this.#started = new Promise((resolve) => {
      this.#markStarted = resolve;
    });
    for (const input of [this.#fileInput, this.#modelInput]) {
      input.addEventListener('change', () => {
        const [file] = input.files ?? [];
        input.value = '';
        if (file) void (input === this.#modelInput ? this.#openModel(file) : this.openFile(file));
      });
    }
    addEventListener('hashchange', () => this.show(true));
    document.documentElement.lang = currentLanguage();
    this.#drawFrame();
  }

  get #running(): Running | null {
    return this.session.running;
  }

  /** Load the user's model, if there is one, else the app's. Throws an Error if that fails. */
  async start(): Promise<void> {
    try {
      await this.session.startOwn((loaded, total) => this.showProgress(loaded, total));
    } catch (error) {
      this.notify(modelErrorText(error), 'error');
    }
    if (!this.#running) await this.session.startAppModel();
    this.#progress = null;
    this.#markStarted();
    this.#drawFrame();
  }

  /** Show how much of a download is done: of the first visit's, or of a model's. */
  showProgress(loaded: number, total: number): void {
    if (this.#running) return;
    this.#progress = { loaded, total };
    const bar = this.#main.querySelector('progress');
    const message = this.#main.querySelector('.loading p');
    if (bar) [bar.max, bar.value] = [total, loaded];
    if (message) message.textContent = this.#loadingText();
  }

  /** Open a file: a photo, or a model. */
  async openFile(file: Blob): Promise<void> {
    const name = file instanceof File ? file.name : '';
    if (await isModel(file)) await this.#openModel(new File([file], name));
    else await this.openPhoto(file);
  }

  /** Recognise the keys in a photo: a file, or a frame of the camera. */
  async openPhoto(photo: Blob | ImageBitmap): Promise<void> {
    const engine = this.#running?.engine;
    if (!engine) return;
    this.#notices.replaceChildren();
    this.#camera?.stop();
    this.announce(t('photo.busy'));
    this.#main.setAttribute('aria-busy', 'true');
    try {
      const result = await engine.call('recognisePhoto', photo);
      this.#forgetPhoto();
      [this.#photo, this.#milliseconds] = [result, result.milliseconds];
      location.hash = '';
      this.show(true);
      this.announce([summaryText(result), ...result.keys.map(answerText)].join('. '));
    } catch (error) {
      this.reportError(error);
    } finally {
      this.#main.removeAttribute('aria-busy');
    }
  }

  async #openModel(file: File): Promise<void> {
    await this.#switchModel(async () => {
      if (!(await this.session.open(file, file.name))) this.notify(t('model.notStored'), 'error');
    });
  }

  /** Run another model: what is shown is about the one before. */
  async #switchModel(load: () => Promise<unknown>): Promise<void> {
    await this.#started;
    this.#notices.replaceChildren();
    this.#camera?.stop();
    this.announce(t('model.loading'));
    this.#main.setAttribute('aria-busy', 'true');
    const before = this.#running;
    try {
      await load();
    } catch (error) {
      this.notify(modelErrorText(error), 'error');
    } finally {
      this.#main.removeAttribute('aria-busy');
    }
    if (this.#running === before) return;
    this.#forgetPhoto();
    this.#milliseconds = null;
    location.hash = '';
    this.#drawFrame();
    this.show(true);
    this.announce(t('model.ready', { name: this.#running?.own?.name ?? this.session.title }));
  }

  #forgetPhoto(): void {
    this.#photo?.bitmap.close();
    this.#photo = null;
    document.querySelector('dialog')?.close(); // it shows a key of the photo
    this.#stored = new Map();
  }

  /** Whether a notice is shown. */
  get hasNotice(): boolean {
    return this.#notices.childElementCount > 0;
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
    document.title = `${title?.textContent ?? ''} – ${this.session.title}`;
    if (moveFocus) title?.focus();
  }

  #view(page: Page): HTMLElement {
    if (page === 'about') return this.#aboutView();
    if (page === 'collection') return this.#collectionView();
    if (this.#camera) return this.#camera.view;
    return this.#photo ? this.#photoView(this.#photo) : this.#homeView();
  }

  #aboutView(): HTMLElement {
    return aboutView(this.#running, this.#milliseconds, this.session.hasSelfTest, {
      chooseLanguage: (language) => this.#switchLanguage(language),
      chooseModel: () => this.#modelInput.click(),
      useModel: (model) => void this.#useModel(model),
      reportError: (error) => this.reportError(error),
    });
  }

  #useModel(model: OwnModel | null): Promise<void> {
    return this.#switchModel(() => (model ? this.session.use(model) : this.session.useAppModel()));
  }

  #collectionView(): HTMLElement {
    return collectionView({
      kinds: this.#running?.card.kinds ?? [],
      announce: (message) => this.announce(message),
      reportError: (error) => this.reportError(error),
      refresh: () => this.show(true),
    });
  }

  #homeView(): HTMLElement {
    return homeView(this.#running ? null : this.#loadingText(), this.#progress, this.#running, {
      openCamera: () => void this.#openCamera(),
      choosePhoto: () => this.#fileInput.click(),
      useAppModel: () => void this.#useModel(null),
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
    if (!key || !this.#running) return;
    const { engine, card } = this.#running;
    await openDetail(key, index, {
      engine,
      kinds: card.kinds,
      maps: card.maps,
      stored: this.#stored,
      reportError: (error) => this.reportError(error),
    });
  }

  async #openCamera(): Promise<void> {
    if (!this.#running || this.#camera || this.#isCameraStarting) return;
    this.#notices.replaceChildren();
    this.#isCameraStarting = true; // the browser may be asking for permission
    const camera = this.#createCamera(this.#running);
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

  #createCamera({ engine, card }: Running): Camera {
    return new Camera({
      engine,
      isWhole: card.crop === WHOLE,
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
        el('span', { class: 'name' }, this.session.title),
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
