/** Tests of the desk: a decision shows the next photo at once, undo goes back, conflicts are shown. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Api, ApiError, type Review } from '../../src/review/api';
import { run } from '../../src/review/state/commands';
import { Desk } from '../../src/review/state/desk';
import { isShown, said } from '../../src/review/state/said';
import { FakeServer, item, photo } from './desk-parts';

let server: FakeServer;
let desk: Desk;

const soon = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const shown = (): string | undefined => desk.place.item.value?.id;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no pictures here')));
  server = new FakeServer({
    errors: ['a', 'b', 'c'].map((id) => item(id)),
    'same-key': [item('d', 'e')],
    keys: [item('f')],
  });
  desk = new Desk(server as unknown as Api);
  await desk.start();
  await soon();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('what a command did', () => {
  const shownFor = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

  it('is shown for some seconds, and stays for screen readers', async () => {
    run(desk, { do: 'label', kind: 'mortice' });
    await shownFor(100);
    expect([said.value.shown, isShown.value]).toEqual(['Labelled mortice', true]);
    await shownFor(3000);
    expect([said.value.shown, isShown.value]).toEqual(['Labelled mortice', false]);
  });

  it('is said where it did nothing', async () => {
    run(desk, { do: 'undo' });
    await shownFor(100);
    expect(said.value.shown).toBe('There is nothing to undo.');
    server.rows.set('b', photo('b', { kind: null, folder_kind: null }));
    desk.place.photos.put([server.get('b')]);
    run(desk, { do: 'next' });
    run(desk, { do: 'confirm' });
    await shownFor(100);
    expect(said.value.shown).toBe('This photo has no label to keep.');
  });

  it('is not shown again by moving on', async () => {
    run(desk, { do: 'primary' });
    run(desk, { do: 'next' });
    await shownFor(100);
    expect(said.value.shown).toBe('');
    expect(said.value.rest).toContain('3 of 3');
  });
});

describe('a decision', () => {
  it('shows the next item before the server has answered', async () => {
    expect(shown()).toBe('a');
    run(desk, { do: 'label', kind: 'mortice' });
    expect(shown()).toBe('b');
    expect(desk.place.photos.get('a')?.kind).toBe('mortice');
    await soon();
    expect(server.get('a').kind).toBe('mortice');
    expect(desk.place.photos.get('a')?.version).toBe('v1');
  });

  it('counts at once, in the queue and for undo', () => {
    run(desk, { do: 'primary' });
    expect(desk.place.items.value?.open.value).toBe(2);
    expect(desk.outbox.undoable.value).toBe(1);
  });

  it('skips what is decided, returns to what was skipped, and ends', () => {
    run(desk, { do: 'next' });
    run(desk, { do: 'primary' });
    expect(shown()).toBe('c');
    run(desk, { do: 'primary' });
    expect(shown()).toBe('a');
    run(desk, { do: 'primary' });
    expect(desk.place.isAtEnd.value).toBe(true);
    expect(desk.nextQueue.value?.id).toBe('same-key');
  });
});

describe('a pair', () => {
  it('gets one name for its key', async () => {
    await desk.openQueue('same-key');
    await soon();
    run(desk, { do: 'same' });
    await soon();
    expect(server.get('d').key).toBe('dimple/d');
    expect(server.get('e').key).toBe('dimple/d');
    run(desk, { do: 'undo' });
    await soon();
    expect(server.get('e').key).toBeNull();
  });
});

describe('a refused decision', () => {
  it('is taken back in the page when it is dropped', async () => {
    server.failure = new ApiError(422, 'no');
    run(desk, { do: 'label', kind: 'mortice' });
    await soon();
    server.failure = null;
    desk.outbox.drop();
    expect(desk.place.photos.get('a')?.kind).toBe('dimple');
    expect(desk.place.items.value?.open.value).toBe(3);
  });
});

describe('undo', () => {
  it('goes back to the item at once, as often as there are decisions', async () => {
    for (const kind of ['mortice', 'dimple', 'mortice']) run(desk, { do: 'label', kind });
    await soon();
    for (const id of ['c', 'b', 'a']) {
      run(desk, { do: 'undo' });
      expect(shown()).toBe(id);
    }
    await soon();
    expect(server.get('a')).toMatchObject({ kind: 'dimple', row: null });
    expect(desk.place.items.value?.open.value).toBe(3);
    run(desk, { do: 'undo' });
    await soon();
    expect(server.asked.filter((name) => name === 'undo')).toHaveLength(3);
  });

  it('goes back to another queue', async () => {
    run(desk, { do: 'primary' });
    await desk.openQueue('keys');
    run(desk, { do: 'undo' });
    await soon();
    expect(desk.place.items.value?.queue).toBe('errors');
    expect(shown()).toBe('a');
  });

  it('takes back what was decided before the page was opened', async () => {
    run(desk, { do: 'label', kind: 'mortice' });
    await soon();
    desk = new Desk(server as unknown as Api);
    await desk.start();
    await soon();
    expect(shown()).toBe('b');
    run(desk, { do: 'undo' });
    await soon();
    expect(shown()).toBe('a');
    expect(server.get('a').kind).toBe('dimple');
  });
});

describe('two windows', () => {
  it('show what the other one has decided, and either can stay', async () => {
    server.decideElsewhere('a', 'mortice');
    run(desk, { do: 'confirm' });
    await soon();
    const [conflict] = desk.outbox.conflicts.value;
    expect(desk.place.photos.get('a')?.kind).toBe('mortice');
    if (conflict) desk.settle(conflict, true);
    await soon();
    expect(server.get('a').kind).toBe('dimple');
  });

  it('keep the other decision if the user says so', async () => {
    server.decideElsewhere('a', 'mortice');
    run(desk, { do: 'confirm' });
    await soon();
    const [conflict] = desk.outbox.conflicts.value;
    if (conflict) desk.settle(conflict, false);
    await soon();
    expect(server.get('a').kind).toBe('mortice');
    expect(desk.outbox.conflicts.value).toEqual([]);
  });
});

describe('marks', () => {
  it('are kept while the user looks at something else, and gone once they are saved', async () => {
    await desk.openQueue('keys');
    await soon();
    const draft = {
      keys: [{ head: [1, 2], tip: [90, 90], kind: null }],
      selected: 0,
      start: null,
      isAdding: false,
      isEdited: true,
    } as const;
    desk.setDraft('f', draft);
    await desk.openQueue('errors');
    await desk.openQueue('keys');
    await soon();
    expect(desk.draft.value).toEqual(draft);
    run(desk, { do: 'primary' });
    await soon();
    expect(server.get('f').ends).toEqual(draft.keys);
    expect(desk.drafts.value.size).toBe(0);
  });
});

describe('a server that was started again', () => {
  it('has other ids: the page forgets what it knows', async () => {
    const before = await server.review();
    const restarted: Review = { ...before, session: 'new' };
    vi.spyOn(server, 'review').mockResolvedValue(restarted);
    server.rows.set('a', photo('a', { name: 'mortice/other.jpg' }));
    await desk.refresh();
    await soon();
    expect(desk.place.photos.get('a')?.name).toBe('mortice/other.jpg');
  });

  it('is asked until it answers', async () => {
    server.failure = new ApiError(0, 'refused');
    await desk.refresh();
    expect(desk.connection.failure.value?.status).toBe(0);
    server.failure = null;
    await vi.advanceTimersByTimeAsync(5000);
    expect(desk.connection.failure.value).toBeNull();
  });
});
