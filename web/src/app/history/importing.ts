/**
 * Several photos that are imported together: one after the other, so that memory use is bounded.
 *
 * In:    files; after a reload, the stored entries and what the tab remembers
 * Out:   ImportRun: the state of each photo, as signals
 * Needs: answers.ts, storage/entries.ts, @preact/signals
 */

import { computed, type Signal, signal } from '@preact/signals';
import { finished } from '../answer-state';
import type { Answers } from '../answers';
import { withoutPhotos } from '../entry-photo';
import type { Running } from '../session';
import { allSummaries, type Entry, getEntries } from '../storage/entries';
import { forgetImport, type Remembered, recallImport, rememberImport } from './import-memory';

/** waiting, working: the run goes on; stopped: it was cancelled, or the page was reloaded; deleted: its answer was. */
export type ItemStatus = 'waiting' | 'working' | 'done' | 'failed' | 'stopped' | 'deleted';

/** Where one photo stands. */
export interface ItemState {
  readonly status: ItemStatus;
  readonly problem: string; // why it failed, for the user
  readonly entry: Entry | null; // without its photo, unless that is stored
  readonly isStored: boolean;
}

/** One photo of an import. */
export interface ImportItem {
  readonly name: string; // of the file
  readonly file: File | null; // null: chosen before the page was reloaded
  readonly state: Signal<ItemState>;
}

const NOTHING = { problem: '', entry: null, isStored: false };

/** Photos that are imported together. */
export class ImportRun {
  readonly isRunning = signal(false);
  readonly hasOtherModel = signal(false); // another model runs since: its answers are no part of this import
  #isCancelled = false;
  #model: Running | null = null; // with which it has begun

  constructor(
    readonly answers: Answers,
    readonly group: number,
    readonly items: readonly ImportItem[],
  ) {}

  /** The photos whose answers are not deleted. */
  readonly shown = computed(() => this.items.filter(({ state }) => state.value.status !== 'deleted'));

  /** How many of them have an answer, or failed. */
  readonly finished = computed(
    () => this.shown.value.filter(({ state }) => ['done', 'failed'].includes(state.value.status)).length,
  );

  /** Read the photos that are waiting or stopped. */
  async run(): Promise<void> {
    if (this.isRunning.value) return;
    this.#isCancelled = false;
    this.isRunning.value = true;
    for (const { file, state } of this.items)
      if (file && state.value.status === 'stopped') state.value = { ...NOTHING, status: 'waiting' };
    this.#remember();
    addEventListener('beforeunload', askBeforeLeaving);
    this.#model = await this.answers.running().catch(() => null); // without one, each photo fails with the reason
    for (const item of this.items) {
      if (this.#isCancelled) break;
      if (item.state.value.status === 'waiting') await this.#read(item);
      const model = await this.answers.running().catch(() => null);
      if (model && this.stopFor(model)) interrupted(item);
    }
    removeEventListener('beforeunload', askBeforeLeaving);
    this.isRunning.value = false;
  }

  /** Stop after the photo in progress; what is done stays. */
  cancel(): void {
    this.#isCancelled = true;
    for (const { state } of this.items)
      if (state.value.status === 'waiting') state.value = { ...NOTHING, status: 'stopped' };
    this.#remember();
  }

  /** Stop if it has begun with another model than the one that runs now; return whether that is so. */
  stopFor(model: Running): boolean {
    if (this.#model === null || this.#model === model) return false;
    this.hasOtherModel.value = true;
    this.cancel();
    return true;
  }

  /** The files of all photos, to be read again; none after a reload. */
  get files(): File[] {
    return this.items.flatMap(({ file }) => file ?? []);
  }

  /** Return the entries, in the order of the photos, with their photos. */
  async entries(): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const { state } of this.shown.value) {
      const { entry, isStored } = state.value;
      if (!entry) continue;
      const [whole] = isStored ? await getEntries([entry.id]) : [];
      const kept = whole ?? (await this.answers.get(entry.id))?.entry.value;
      if (kept) entries.push(kept);
    }
    return entries;
  }

  /** Take over what the user has corrected, deleted or brought back since the photos were read. */
  async refresh(): Promise<void> {
    const ids = this.items.flatMap(({ state }) => state.value.entry?.id ?? []);
    const read = await getEntries(ids).catch(() => null);
    const stored = new Map(read?.map((entry) => [entry.id, entry]));
    for (const { state } of this.items) {
      const { entry } = state.value;
      if (!entry) continue;
      const now = this.answers.inMemory(entry.id) ?? stored.get(entry.id);
      if (now) state.value = { ...state.value, status: 'done', entry: withoutPhotos(now) };
      else if (read) state.value = { ...state.value, status: 'deleted' };
    }
  }

  async #read({ file, state }: ImportItem): Promise<void> {
    if (!file) return;
    state.value = { ...NOTHING, status: 'working' };
    const answer = this.answers.open(file, { group: this.group });
    await finished(answer);
    const entry = answer.entry.value;
    if (entry) {
      const isStored = answer.isStored.value;
      state.value = { status: 'done', problem: '', entry: withoutPhotos(entry), isStored };
    } else {
      state.value = { ...NOTHING, status: 'failed', problem: answer.problem.value };
      this.answers.forget(answer.id);
    }
    this.#remember();
  }

  #remember(): void {
    const items = this.items.map(({ name, state }): Remembered => {
      const { problem, entry } = state.value;
      return { name, problem, id: entry?.id ?? null };
    });
    rememberImport(this.group, items);
  }
}

/** The imports of a visit. */
export class Imports {
  readonly #runs = new Map<number, ImportRun>();

  constructor(readonly answers: Answers) {}

  /** Import photos. */
  start(files: readonly File[]): ImportRun {
    const group = Math.max(Date.now(), ...[...this.#runs.keys()].map((other) => other + 1));
    const items = files.map(
      (file): ImportItem => ({
        name: file.name,
        file,
        state: signal<ItemState>({ ...NOTHING, status: 'waiting' }),
      }),
    );
    const run = new ImportRun(this.answers, group, items);
    this.#runs.set(group, run);
    void run.run();
    return run;
  }

  /** Return an import of this visit or of the history; null if there is none. Throws StorageError. */
  async get(group: number): Promise<ImportRun | null> {
    const run = this.#runs.get(group);
    await run?.refresh();
    return run ?? this.#restore(group);
  }

  /** Stop the imports that have begun with another model than the one that runs now. */
  stopFor(model: Running): void {
    for (const run of this.#runs.values()) run.stopFor(model);
  }

  /** Return whether an import is going on. */
  isRunning(group: number): boolean {
    return this.#runs.get(group)?.isRunning.value ?? false;
  }

  async #restore(group: number): Promise<ImportRun | null> {
    const summaries = (await allSummaries()).filter((summary) => summary.group === group).reverse();
    const entries = await getEntries(summaries.map(({ id }) => id));
    const byId = new Map(entries.map((entry) => [entry.id, entry]));
    const remembered = recallImport(group);
    const items = remembered
      ? remembered.flatMap((one) => restoredItem(one, byId.get(one.id ?? -1)))
      : entries.map((entry) => doneItem(entry));
    if (!items.length) forgetImport(group);
    return items.length ? new ImportRun(this.answers, group, items) : null;
  }
}

/** Mark a photo that has no answer because the model that was reading it was stopped. */
function interrupted({ state }: ImportItem): void {
  if (state.value.status === 'failed') state.value = { ...NOTHING, status: 'stopped' };
}

/** Return a photo that was remembered; none if its answer was deleted. */
function restoredItem({ name, problem, id }: Remembered, entry: Entry | undefined): ImportItem[] {
  if (entry) return [doneItem(entry)];
  if (id !== null && problem === '') return [];
  const status = problem ? 'failed' : 'stopped';
  return [{ name, file: null, state: signal<ItemState>({ ...NOTHING, status, problem }) }];
}

function doneItem(entry: Entry): ImportItem {
  const state = signal<ItemState>({
    status: 'done',
    problem: '',
    entry: withoutPhotos(entry),
    isStored: true,
  });
  return { name: entry.name ?? '', file: null, state };
}

/** The browser asks whether to leave: photos that are still to be read would have to be chosen again. */
function askBeforeLeaving(event: Event): void {
  event.preventDefault();
}
