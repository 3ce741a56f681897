/**
 * Several photos that are imported together: one after the other, so that memory use is bounded.
 *
 * In:    files; after a reload, the stored entries and what the tab remembers
 * Out:   ImportRun: the state of each photo, as signals
 * Needs: answers.ts, storage/entries.ts, @preact/signals
 */

import { computed, type Signal, signal } from '@preact/signals';
import { type Answers, withoutPhotos } from '../answers';
import { allSummaries, type Entry, getEntries } from '../storage/entries';
import { forgetImport, type Remembered, recallImport, rememberImport } from './import-memory';

/** waiting, working: the run goes on; stopped: it was cancelled, or the page was reloaded. */
export type ItemStatus = 'waiting' | 'working' | 'done' | 'failed' | 'stopped';

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
  #isCancelled = false;

  constructor(
    readonly answers: Answers,
    readonly group: number,
    readonly items: readonly ImportItem[],
  ) {}

  /** How many photos have an answer, or failed. */
  readonly finished = computed(
    () => this.items.filter(({ state }) => ['done', 'failed'].includes(state.value.status)).length,
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
    const model = await this.answers.running();
    for (const item of this.items) {
      if (this.#isCancelled) break;
      if (item.state.value.status === 'waiting') await this.#read(item);
      if ((await this.answers.running()) !== model) this.#stopFor(item);
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

  /** Stop because another model runs: its answers are no part of this import, and the photo in progress has none. */
  #stopFor({ state }: ImportItem): void {
    if (state.value.status === 'failed') state.value = { ...NOTHING, status: 'stopped' };
    this.cancel();
  }

  /** Return the entries, in the order of the photos, with their photos. */
  async entries(): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const { state } of this.items) {
      const { entry, isStored } = state.value;
      if (!entry) continue;
      const [whole] = isStored ? await getEntries([entry.id]) : [];
      const kept = whole ?? (await this.answers.get(entry.id))?.entry.value;
      if (kept) entries.push(kept);
    }
    return entries;
  }

  /** Take over what the user has corrected since the photos were read. */
  async refresh(): Promise<void> {
    const ids = this.items.flatMap(({ state }) => state.value.entry?.id ?? []);
    const stored = new Map((await getEntries(ids).catch(() => [])).map((entry) => [entry.id, entry]));
    for (const { state } of this.items) {
      const id = state.value.entry?.id ?? -1;
      const entry = this.answers.inMemory(id) ?? stored.get(id);
      if (entry) state.value = { ...state.value, entry: withoutPhotos(entry) };
    }
  }

  async #read({ file, state }: ImportItem): Promise<void> {
    if (!file) return;
    state.value = { ...NOTHING, status: 'working' };
    const answer = this.answers.open(file, { group: this.group });
    await this.answers.finished(answer);
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

  /** Stop all imports: another model runs. */
  clear(): void {
    for (const run of this.#runs.values()) run.cancel();
    this.#runs.clear();
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
