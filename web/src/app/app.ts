/**
 * The app: what it knows (a model, a photo, the camera), and the view of it that is shown.
 *
 * In:    the session, which runs a model; files, the address of the page
 * Out:   views in the frame; announcements for screen readers
 * Needs: frame.ts, the views
 */

import constants from '../core/constants.json';
import { type KeyResult, PhotoError, type PhotoResult } from '../engine/protocol';
import { setLanguage, t } from '../words';
import { aboutView } from './about';
import { Camera, cameraErrorText } from './camera';
import { collectionView } from './collection';
import { answerText } from './describe';
import { openDetail } from './detail';
import { currentPage, Frame, type Page } from './frame';
import { homeView, type Progress, updateLoading } from './home';
import { modelErrorText } from './model-text';
import { isModel, type OwnModel } from './models';
import { photoView, summaryText } from './photo';
import type { Running, Session } from './session';

const { WHOLE } = constants.card;

/** The app in its document. */
export class App {
  readonly frame: Frame;
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
    this.frame = new Frame({
      openPhoto: (file) => void this.openFile(file),
      openModel: (file) => void this.#openModel(file),
    });
    addEventListener('hashchange', () => this.show(true));
    this.#draw();
  }

  get #running(): Running | null {
    return this.session.running;
  }

  /** Load the user's model, if there is one, else the app's. Throws an Error if that fails. */
  async start(): Promise<void> {
    try {
      await this.session.startOwn((loaded, total) => this.showProgress(loaded, total));
    } catch (error) {
      this.frame.notify(modelErrorText(error), 'error');
    }
    if (!this.#running) await this.session.startAppModel();
    this.#progress = null;
    this.#markStarted();
    this.#draw();
  }

  /** Show how much of a download is done: of the first visit's, or of a model's. */
  showProgress(loaded: number, total: number): void {
    if (this.#running) return;
    this.#progress = { loaded, total };
    updateLoading(this.frame.main, this.#progress);
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
    this.frame.clearNotices();
    this.#camera?.stop();
    this.frame.announce(t('photo.busy'));
    this.frame.setBusy(true);
    try {
      const result = await engine.call('recognisePhoto', photo);
      this.#forgetPhoto();
      [this.#photo, this.#milliseconds] = [result, result.milliseconds];
      location.hash = '';
      this.show(true);
      this.frame.announce([summaryText(result), ...result.keys.map(answerText)].join('. '));
    } catch (error) {
      this.reportError(error);
    } finally {
      this.frame.setBusy(false);
    }
  }

  async #openModel(file: File): Promise<void> {
    await this.#switchModel(async () => {
      if (!(await this.session.open(file, file.name))) this.frame.notify(t('model.notStored'), 'error');
    });
  }

  /** Run another model: what is shown is about the one before. */
  async #switchModel(load: () => Promise<unknown>): Promise<void> {
    await this.#started;
    this.frame.clearNotices();
    this.#camera?.stop();
    this.frame.announce(t('model.loading'));
    this.frame.setBusy(true);
    const before = this.#running;
    try {
      await load();
    } catch (error) {
      this.frame.notify(modelErrorText(error), 'error');
    } finally {
      this.frame.setBusy(false);
    }
    if (this.#running === before) return;
    this.#forgetPhoto();
    this.#milliseconds = null;
    location.hash = '';
    this.#draw();
    this.show(true);
    this.frame.announce(t('model.ready', { name: this.#running?.own?.name ?? this.session.title }));
  }

  #forgetPhoto(): void {
    this.#photo?.bitmap.close();
    this.#photo = null;
    document.querySelector('dialog')?.close(); // it shows a key of the photo
    this.#stored = new Map();
  }

  /** Show an error, and what the user can do about it. */
  reportError(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const message = error instanceof PhotoError ? t(`error.${error.problem}`) : t('error.other', { why });
    this.frame.notify(message, 'error');
  }

  /** Show the page that the URL names; `moveFocus`: put the focus on its title. */
  show(moveFocus = false): void {
    const page = currentPage();
    if (page !== 'scan') this.#camera?.stop();
    this.frame.show(page, this.#view(page), this.session.title, moveFocus);
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
      chooseModel: () => this.frame.chooseModel(),
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
      announce: (message) => this.frame.announce(message),
      reportError: (error) => this.reportError(error),
      refresh: () => this.show(true),
    });
  }

  #homeView(): HTMLElement {
    return homeView(this.#running, this.#progress, {
      openCamera: () => void this.#openCamera(),
      choosePhoto: () => this.frame.choosePhoto(),
      useAppModel: () => void this.#useModel(null),
    });
  }

  #photoView(result: PhotoResult): HTMLElement {
    return photoView(result, {
      openKey: (index) => void this.#openKey(index),
      choosePhoto: () => this.frame.choosePhoto(),
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
    this.frame.clearNotices();
    this.#isCameraStarting = true; // the browser may be asking for permission
    const camera = this.#createCamera(this.#running);
    try {
      await camera.start();
      this.#camera = camera;
      this.show(true);
      this.frame.announce(t('camera.guide'));
    } catch (error) {
      camera.stop();
      this.frame.notify(cameraErrorText(error), 'error');
    } finally {
      this.#isCameraStarting = false;
    }
  }

  #createCamera({ engine, card }: Running): Camera {
    return new Camera({
      engine,
      isWhole: card.crop === WHOLE,
      announce: (message) => this.frame.announce(message),
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

  /** Draw all again: in another language, or around another model. */
  #draw(): void {
    this.frame.draw(this.session.title);
    this.show();
  }

  #switchLanguage(language: string): void {
    setLanguage(language);
    this.#draw();
    document.querySelector<HTMLElement>('#language')?.focus();
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
