/**
 * The app: the model that runs, the answers, and what the user does with files.
 *
 * In:    the session; files
 * Out:   state that the views show; navigation
 * Needs: session.ts, answers.ts, router.ts, notices.ts
 */

import { type ReadonlySignal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Point } from '../core';
import { announce, clearNotices, notify } from '../notices';
import { t } from '../words';
import { modelErrorText } from './about/model-text';
import { Answers } from './answers';
import { errorText, NoModelError } from './error-text';
import { purgeAtStart } from './history/deleting';
import { Imports } from './history/importing';
import { isModel, type OwnModel } from './own-models';
import { navigate, route } from './router';
import type { Running, Session } from './session';

/** How much of a download is done, in bytes. */
export interface Progress {
  readonly loaded: number;
  readonly total: number;
}

/** Where the user tapped in the camera's picture: the answer of the key there is to be opened. */
export interface Tapped {
  readonly id: number; // of the answer
  readonly at: Point; // shares of the photo's width and height
}

/** What the views share. */
export class App {
  readonly progress = signal<Progress | null>(null);
  readonly milliseconds = signal<number | null>(null); // spent on the last image
  readonly tapped = signal<Tapped | null>(null); // the answer's view sets it to null when it has opened the key
  readonly nextPhoto = signal<((photo: Blob) => Promise<void>) | null>(null); // what it is for; null: a new answer
  readonly isSwitching = signal(false); // whether another model is being loaded
  #markStarted: () => void = () => undefined;
  #switched: Promise<void> = Promise.resolve(); // when the last switch of the model has ended
  readonly #started = new Promise<void>((resolve) => {
    this.#markStarted = resolve;
  });
  readonly answers = new Answers(() => this.#ready());
  readonly imports = new Imports(this.answers);

  constructor(readonly session: Session) {}

  /** The model that runs; null: none is loaded yet. */
  get running(): ReadonlySignal<Running | null> {
    return this.session.running;
  }

  /** Load the user's model, if there is one, else the app's. Throws an Error if that fails. */
  async start(): Promise<void> {
    purgeAtStart();
    try {
      await this.session.startOwn((loaded, total) => this.showProgress(loaded, total));
    } catch (error) {
      notify(modelErrorText(error), 'error');
    }
    try {
      if (!this.running.value) await this.session.startAppModel();
    } finally {
      this.progress.value = null;
      this.#markStarted(); // without a model, too: photos that wait for it fail
    }
    void this.answers.resume();
  }

  /** Show how much of a download is done: of the first visit's, or of a model's. */
  showProgress(loaded: number, total: number): void {
    if (!this.running.value) this.progress.value = { loaded, total };
  }

  /** Open what the user chose, dropped or pasted: a model, and photos, which are read with it. */
  async openFiles(files: readonly File[]): Promise<void> {
    clearNotices();
    const areModels = await Promise.all(files.map(isModel));
    const [model, ...others] = files.filter((_, i) => areModels[i]);
    const photos = files.filter((_, i) => !areModels[i]);
    const [first] = photos;
    if (model) void this.openModel(model, others);
    if (photos.length > 1) this.importFiles(photos);
    else if (first && !this.#passOn(first)) navigate({ view: 'answer', id: this.answers.open(first).id });
  }

  /** Read several photos, and show their answers. */
  importFiles(files: readonly File[]): void {
    navigate({ view: 'import', group: this.imports.start(files).group });
  }

  /** Open a camera frame or photo; `at`: where a key in it was tapped. */
  openFrame(photo: Blob, bitmap?: ImageBitmap, at?: Point): void {
    clearNotices();
    if (this.#passOn(photo)) {
      bitmap?.close();
      return;
    }
    const { id } = this.answers.open(photo, bitmap ? { bitmap } : {});
    this.tapped.value = at ? { id, at } : null;
    navigate({ view: 'answer', id });
  }

  /** Open a model file; others: models that were chosen with it, of which only one can run. */
  async openModel(file: File, others: readonly File[] = []): Promise<void> {
    await this.#switchModel(async () => {
      if (!(await this.session.open(file, file.name))) notify(t('model.notStored'), 'error');
      if (others.length) notify(t('model.onlyOne', { name: file.name }), 'error');
    });
  }

  /** Run a model that was opened before; null: the app's own. */
  readonly useModel = (model: OwnModel | null): Promise<void> =>
    this.#switchModel(() => (model ? this.session.use(model) : this.session.useAppModel()));

  /** Show an error that no view expects. */
  readonly reportError = (error: unknown): void => {
    notify(errorText(error), 'error');
  };

  /** Use a photo for what a view asked for; return whether one did. */
  #passOn(photo: Blob): boolean {
    const use = this.nextPhoto.value;
    this.nextPhoto.value = null;
    void use?.(photo);
    return use !== null;
  }

  /** Run another model, after those that were chosen before: the last one that was chosen stays. */
  #switchModel(load: () => Promise<unknown>): Promise<void> {
    this.#switched = this.#switched.then(() => this.#switchNow(load));
    return this.#switched;
  }

  /** Run another model: what is shown is about the one before. */
  async #switchNow(load: () => Promise<unknown>): Promise<void> {
    await this.#started;
    clearNotices();
    announce(t('model.loading'));
    this.isSwitching.value = true;
    const before = this.running.value;
    try {
      await load();
    } catch (error) {
      notify(modelErrorText(error), 'error');
    } finally {
      this.isSwitching.value = false;
    }
    const { value: now } = this.running;
    if (!now || now === before) return;
    this.nextPhoto.value = null; // its answer is of the model before
    this.imports.stopFor(now);
    this.answers.releaseEngine();
    this.milliseconds.value = null;
    if (!this.#isAwaited()) navigate({ view: 'scan' });
    announce(t('model.ready', { name: now.own?.name ?? this.session.title.value }));
  }

  /** Return whether the view shows photos that wait for the model. */
  #isAwaited(): boolean {
    const { value: shown } = route;
    if (shown.view === 'answer') return this.answers.isWaiting(shown.id);
    return shown.view === 'import' && this.imports.isRunning(shown.group);
  }

  /** Return the model that runs; while another is being loaded, that one. Throws NoModelError. */
  async #ready(): Promise<Running> {
    await this.#started;
    for (let last: Promise<void> | null = null; last !== this.#switched; ) {
      last = this.#switched;
      await last;
    }
    if (!this.running.value) throw new NoModelError();
    return this.running.value;
  }
}

export const AppContext = createContext<App | null>(null);

/** Return the app that a view belongs to. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('the view is outside of the app');
  return app;
}
