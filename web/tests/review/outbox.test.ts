/** Tests of decisions on their way: in order, kept until they have arrived, never written over somebody else's. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, type Photo } from '../../src/review/api';
import { label } from '../../src/review/state/changes';
import { type Decision, Outbox } from '../../src/review/state/outbox';
import { FakeServer, item, photo } from './desk-parts';

let server: FakeServer;
let arrived: Map<string, Photo>;
let arrivals: (string | null)[]; // labels, in the order of the answers that the page shows
let dropped: Decision[];
let outbox: Outbox;

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer({ all: ['a', 'b', 'c'].map((id) => item(id)) });
  arrived = new Map();
  arrivals = [];
  dropped = [];
  outbox = new Outbox(server, {
    onPhotos: (photos) => {
      for (const each of photos) arrived.set(each.id, each);
      arrivals.push(...photos.map(({ kind }) => kind));
    },
    onUndone: ({ photos }) => {
      for (const each of photos) arrived.set(each.id, each);
    },
    onUndoRefused: () => undefined,
    onDropped: (decision) => dropped.push(decision),
    onConflict: () => undefined,
    isSame: async ({ before }) => before.every(({ id, name }) => server.get(id).name === name),
  });
});

afterEach(() => vi.useRealTimers());

/** Return a decision about a photo as it was first seen. */
function decision(id: string, kind: string, seen: Photo = photo(id)): Decision {
  const changes = [label(seen, kind)];
  return { queue: 'all', item: id, index: 0, before: [seen], wasDecided: false, isAnswer: true, changes };
}

const later = (): Promise<unknown> => vi.advanceTimersByTimeAsync(20_000);
const soon = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe('decisions', () => {
  it('arrive in the order in which they were made', async () => {
    for (const id of ['b', 'a', 'c']) outbox.add(decision(id, 'mortice'));
    await soon();
    expect(server.asked).toEqual(['decide b mortice', 'decide a mortice', 'decide c mortice']);
    expect(outbox.pending.value).toEqual([]);
    expect(outbox.undoable.value).toBe(3);
  });

  it('about one photo follow each other without a conflict', async () => {
    outbox.add(decision('a', 'mortice'));
    outbox.add(decision('a', 'dimple'));
    outbox.add(decision('a', 'mortice'));
    await soon();
    expect(outbox.conflicts.value).toEqual([]);
    expect(server.get('a').kind).toBe('mortice');
    expect(server.get('a').version).toBe('v3');
    expect(arrivals).toEqual(['mortice']); // the page never falls back to an earlier decision
  });
});

describe('decisions that cannot be saved', () => {
  it('are kept while the server is gone, and arrive when it is back', async () => {
    server.failure = new ApiError(0, 'refused');
    outbox.add(decision('a', 'mortice'));
    outbox.add(decision('b', 'mortice'));
    await soon();
    expect(outbox.failure.value?.status).toBe(0);
    expect(outbox.pending.value).toHaveLength(2);
    server.failure = null;
    await later();
    expect(outbox.failure.value).toBeNull();
    expect([server.get('a').kind, server.get('b').kind]).toEqual(['mortice', 'mortice']);
  });

  it('are counted as undoable before they have arrived', async () => {
    server.failure = new ApiError(0, 'refused');
    outbox.add(decision('a', 'mortice'));
    await soon();
    expect(outbox.undoable.value).toBe(1);
  });

  it('but did arrive without an answer are not taken for those of another window', async () => {
    server.loseAnswers = true;
    outbox.add(decision('a', 'mortice'));
    await soon();
    server.loseAnswers = false;
    await later();
    expect(outbox.conflicts.value).toEqual([]);
    expect(outbox.pending.value).toEqual([]);
  });
});

describe('decisions that are refused', () => {
  it('are dropped if the user says so; those behind follow', async () => {
    server.failure = new ApiError(422, 'the photo has vanished');
    const refused = decision('a', 'mortice');
    outbox.add(refused);
    outbox.add(decision('b', 'mortice'));
    await later();
    expect(outbox.failure.value).toMatchObject({ isRefused: true, message: 'the photo has vanished' });
    server.failure = null;
    outbox.drop();
    await soon();
    expect(dropped).toEqual([refused]);
    expect(server.get('a').row).toBeNull();
    expect(server.get('b').kind).toBe('mortice');
  });

  it('have ids that are those of other photos now: they are not sent', async () => {
    server.failure = new ApiError(0, 'refused');
    outbox.add(decision('a', 'mortice'));
    await soon();
    server.rows.set('a', photo('a', { name: 'mortice/other.jpg' }));
    server.failure = null;
    await later();
    expect(server.get('a').row).toBeNull();
    expect(outbox.failure.value?.isRefused).toBe(true);
  });
});

describe('decisions that are refused for now', () => {
  it('arrive once they are accepted, without being asked for', async () => {
    server.failure = new ApiError(422, 'labels.csv has 3 cells for 5 columns');
    outbox.add(decision('a', 'mortice'));
    await soon();
    expect(outbox.failure.value?.isRefused).toBe(true);
    server.failure = null;
    await vi.advanceTimersByTimeAsync(5000);
    expect(server.get('a').kind).toBe('mortice');
    expect(outbox.failure.value).toBeNull();
  });

  it('are tried again with the next decision', async () => {
    server.failure = new ApiError(422, 'labels.csv has 3 cells for 5 columns');
    outbox.add(decision('a', 'mortice'));
    await soon();
    server.failure = null;
    outbox.add(decision('b', 'mortice'));
    await soon();
    expect([server.get('a').kind, server.get('b').kind]).toEqual(['mortice', 'mortice']);
  });
});

describe('a decision of another window', () => {
  it('is never replaced without asking', async () => {
    server.decideElsewhere('a', 'mortice');
    outbox.add(decision('a', 'dimple'));
    outbox.add(decision('b', 'mortice'));
    await soon();
    expect(server.get('a').kind).toBe('mortice');
    expect(arrived.get('a')?.kind).toBe('mortice');
    expect(outbox.conflicts.value).toHaveLength(1);
    expect(server.get('b').kind).toBe('mortice'); // others go on
  });

  it('is replaced if the user says so', async () => {
    server.decideElsewhere('a', 'mortice');
    outbox.add(decision('a', 'dimple'));
    await soon();
    const [conflict] = outbox.conflicts.value;
    if (conflict) outbox.add(outbox.settle(conflict));
    await soon();
    expect(outbox.conflicts.value).toEqual([]);
    expect(server.get('a')).toMatchObject({ kind: 'dimple', row: { who: 'ann' } });
  });
});

describe('undo', () => {
  it('takes back the last decision', async () => {
    const made = decision('a', 'mortice');
    outbox.add(made);
    await soon();
    outbox.undo(made);
    await soon();
    expect(server.get('a').kind).toBe('dimple');
    expect(outbox.undoable.value).toBe(0);
  });

  it('of a decision that waits behind another never sends it', async () => {
    server.failure = new ApiError(0, 'refused');
    const [first, second] = [decision('a', 'mortice'), decision('b', 'mortice')];
    outbox.add(first);
    outbox.add(second);
    outbox.undo(second);
    server.failure = null;
    await later();
    expect(server.asked.filter((name) => name.startsWith('decide b'))).toEqual([]);
    expect(server.get('b').row).toBeNull();
  });

  it('of a decision that may have arrived follows it', async () => {
    server.loseAnswers = true;
    const made = decision('a', 'mortice');
    outbox.add(made);
    await soon();
    outbox.undo(made);
    server.loseAnswers = false;
    await later();
    expect(server.get('a').kind).toBe('dimple');
  });

  it('and a new decision about the same photo leave no conflict', async () => {
    const made = decision('a', 'mortice');
    outbox.add(made);
    await soon();
    outbox.undo(made);
    outbox.add(decision('a', 'mortice', arrived.get('a')));
    await soon();
    expect(outbox.conflicts.value).toEqual([]);
    expect(server.get('a').kind).toBe('mortice');
  });
});
