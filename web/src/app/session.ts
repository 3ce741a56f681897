/**
 * Which model runs: the app's own, or one that the user opened.
 *
 * In:    the model that the page was written with; files, an address, what is remembered
 * Out:   Running: the engine, the model's card and where it is from
 * Needs: own-models.ts, start.ts, words
 */

import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { AppModel } from '../app-model';
import type { Card } from '../core/card';
import type { Engine } from '../engine/client';
import { setSubject, t } from '../words';
import {
  contactNoOther,
  fetchModel,
  forgetAddress,
  keep,
  modelFrom,
  type OwnModel,
  rememberChoice,
  remembered,
  rememberedChoice,
  requestedAddress,
} from './own-models';
import { startEngine } from './start';

const TITLE_LENGTH = 40; // characters of classes in a title made of them, as in src/keykind/app.py

/** A model that is loaded. */
export interface Running {
  readonly engine: Engine;
  readonly card: Card;
  readonly kindThreshold: number; // least probability of a kind that is an answer
  readonly own: OwnModel | null; // null: the app's
}

/** What the words are about. */
interface Subject {
  readonly ownKinds: readonly string[] | null; // of the model in use, or about to be; null: the app's
  readonly ofKeys: boolean;
}

/** The session of a page. */
export class Session {
  readonly #appModel: AppModel;
  readonly #running = signal<Running | null>(null);
  readonly #subject: Signal<Subject>;

  constructor(appModel: AppModel) {
    this.#appModel = appModel;
    this.#subject = signal({ ownKinds: null, ofKeys: appModel.ofKeys });
    const choice = rememberedChoice();
    const isRequested = new URL(location.href).searchParams.has('model');
    if (isRequested)
      this.#speakOf([], false); // nothing is known about it yet
    else if (choice) this.#speakOf(choice.kinds, choice.ofKeys);
    else this.#speakOf(null, appModel.ofKeys);
  }

  /** What runs; null: nothing yet. */
  get running(): ReadonlySignal<Running | null> {
    return this.#running;
  }

  /** Whether the app has photos and Python's results for the model that runs. */
  get hasSelfTest(): boolean {
    return this.#appModel.selfTest && !this.#running.value?.own;
  }

  /** Whether the classes are kinds of keys. */
  readonly ofKeys = computed(() => this.#subject.value.ofKeys);

  /** The name of the app: its own, or the classes of a model that the user opened. */
  readonly title = computed(() => {
    const { ownKinds, ofKeys } = this.#subject.value;
    if (ownKinds === null || (ofKeys && this.#appModel.ofKeys)) return this.#appModel.title ?? t('app.name');
    return ownKinds.length ? titleOf(ownKinds) : t('model.title');
  });

  /** Load the model that the page's address names, or that was chosen earlier. Throws what is wrong with it. */
  async startOwn(onProgress: (loaded: number, total: number) => void): Promise<void> {
    try {
      const address = requestedAddress();
      if (!address || address.origin === location.origin) contactNoOther();
      const own = address ? await fetchModel(address, onProgress) : await chosenModel();
      if (address && address.origin !== location.origin) contactNoOther();
      if (own) await this.#run(own);
      if (own && address) await keep(own);
    } catch (error) {
      contactNoOther();
      this.#speakOf(null, this.#appModel.ofKeys);
      throw error;
    }
  }

  /** Load the app's own model, and forget the choice of another. */
  async useAppModel(): Promise<void> {
    rememberChoice(null);
    forgetAddress();
    await this.#run(null);
  }

  /** Load the app's own model for this visit. */
  async startAppModel(): Promise<void> {
    await this.#run(null);
  }

  /** Load a model from a file, and use it in later visits. Returns whether it could be stored. Throws ModelError. */
  async open(file: Blob, name: string): Promise<boolean> {
    return this.use(await modelFrom(file, name));
  }

  /** The same for a model that was opened before. */
  async use(own: OwnModel): Promise<boolean> {
    await this.#run(own);
    forgetAddress();
    const isStored = await keep(own);
    rememberChoice(isStored ? own : null);
    return isStored;
  }

  async #run(own: OwnModel | null): Promise<void> {
    const started = await startEngine(this.#appModel, own); // before the other stops: this may fail
    this.#running.value?.engine.stop();
    this.#speakOf(own && started.card.kinds, started.card.ofKeys);
    this.#running.value = { ...started, own };
  }

  /** Choose title and words. */
  #speakOf(ownKinds: readonly string[] | null, ofKeys: boolean): void {
    this.#subject.value = { ownKinds, ofKeys };
    setSubject(ofKeys);
  }
}

/** Return the file that was chosen earlier; null: none, or it is no longer stored. */
async function chosenModel(): Promise<OwnModel | null> {
  const choice = rememberedChoice();
  if (!choice) return null;
  const model = (await remembered()).find(({ digest }) => digest === choice.digest) ?? null;
  if (!model) rememberChoice(null);
  return model;
}

/** Return as many classes as there is room for in a title. */
function titleOf(kinds: readonly string[]): string {
  const classes = kinds.map((kind) => kind.replaceAll('_', ' '));
  let title = classes.join(', ');
  while (title.length > TITLE_LENGTH && classes.length > 1) {
    classes.pop();
    title = `${classes.join(', ')}, …`;
  }
  return title;
}
