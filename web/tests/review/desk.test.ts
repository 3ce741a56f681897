/** Tests of the desk: a decision shows the next photo at once, undo goes back, conflicts are shown. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clearNotices, notices } from '../../src/notices';
import { type Api, ApiError, type Review } from '../../src/review/api';
import { edit, nameKey, run } from '../../src/review/state/commands';
import { Desk } from '../../src/review/state/desk';
import { dragged, tapped } from '../../src/review/state/draft';
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

describe('decisions that are not saved', () => {
  it('keep their queue from being done', async () => {
    server.failure = new ApiError(422, 'labels.csv has 3 cells for 5 columns');
    for (let i = 0; i < 3; i++) run(desk, { do: 'primary' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(desk.place.isAtEnd.value).toBe(true);
    expect(desk.unsavedIn('errors')).toBe(3);
    run(desk, { do: 'previous' });
    run(desk, { do: 'next' });
    await vi.advanceTimersByTimeAsync(100);
    expect(said.value.rest).toBe('3 decisions are not saved yet; they are kept on this page.');
    server.failure = null;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(desk.unsavedIn('errors')).toBe(0);
  });
});

describe('the count of decided photos', () => {
  it('follows each decision at once, photo by photo, and then the server', async () => {
    const decided = (): number | undefined => desk.review.value?.decided;
    run(desk, { do: 'label', kind: 'mortice' });
    expect(decided()).toBe(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(decided()).toBe(1);
    run(desk, { do: 'previous' });
    run(desk, { do: 'label', kind: 'dimple' }); // the same photo
    expect(decided()).toBe(1);
    await soon();
    await desk.openQueue('same-key');
    await soon();
    run(desk, { do: 'same' });
    expect(decided()).toBe(3);
    run(desk, { do: 'undo' });
    expect(decided()).toBe(1);
  });

  it('has decisions that wait in it when the server is asked', async () => {
    run(desk, { do: 'primary' });
    await soon();
    vi.spyOn(server, 'decide').mockRejectedValue(new ApiError(422, 'no'));
    run(desk, { do: 'primary' });
    await desk.refresh();
    expect(desk.review.value?.decided).toBe(2);
  });
});

describe('a queue that is not available', () => {
  it('is not announced as done', async () => {
    const before = await server.review();
    const queues = before.queues.map((each) => ({ ...each, state: 'unavailable' as const }));
    vi.spyOn(server, 'review').mockResolvedValue({ ...before, queues });
    await desk.refresh();
    vi.spyOn(server, 'items').mockResolvedValue({ size: 0, open: 0, items: [] });
    await desk.openQueue('keys');
    await vi.advanceTimersByTimeAsync(100);
    expect(said.value.rest).toBe('Not available yet');
  });
});

describe('Home and End', () => {
  it('go to the first and the last item', () => {
    run(desk, { do: 'last' });
    expect(shown()).toBe('c');
    run(desk, { do: 'first' });
    expect(shown()).toBe('a');
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
    await vi.waitFor(() =>
      expect(said.value.shown).toBe(
        `Undone: the decision on ${server.get('a').name}, made in another window or before a reload`,
      ),
    );
  });
});

describe('undo in two windows', () => {
  const decideInAnotherWindow = async (): Promise<void> => {
    const other = new Desk(server as unknown as Api);
    await other.start();
    await soon();
    run(other, { do: 'label', kind: 'mortice' });
    await soon();
  };

  it('takes back the last decision of either, and says if the other one made it', async () => {
    run(desk, { do: 'label', kind: 'mortice' });
    await soon();
    await decideInAnotherWindow();
    run(desk, { do: 'undo' });
    await vi.waitFor(() =>
      expect(said.value.shown).toMatch(/^Undone: the decision on dimple\/b.jpg, made in/),
    );
    expect(shown()).toBe('b');
    expect(desk.place.items.value?.at(0)?.decided).toBe(true);
    expect([server.get('a').kind, server.get('b').kind]).toEqual(['mortice', 'dimple']);
    run(desk, { do: 'undo' });
    await vi.waitFor(() => expect(said.value.shown).toBe('Undone'));
    expect(shown()).toBe('a');
    expect([server.get('a').kind, server.get('b').kind]).toEqual(['dimple', 'dimple']);
  });

  it('in a row ends at the same decisions', async () => {
    for (const kind of ['mortice', 'mortice']) run(desk, { do: 'label', kind });
    await soon();
    await decideInAnotherWindow();
    for (let i = 0; i < 2; i++) run(desk, { do: 'undo' }); // the second is sent before the first is answered
    await soon();
    run(desk, { do: 'undo' });
    await soon();
    expect(['a', 'b', 'c'].map((id) => server.get(id).kind)).toEqual(['dimple', 'dimple', 'dimple']);
    expect(desk.place.items.value?.open.value).toBe(3);
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

describe('Compare', () => {
  it('shows what is there now, and says if it has changed again', async () => {
    server.decideElsewhere('a', 'mortice');
    run(desk, { do: 'confirm' });
    await soon();
    server.decideElsewhere('a', 'cylinder');
    const [conflict] = desk.outbox.conflicts.value;
    if (conflict) await desk.recheck(conflict);
    const [renewed] = desk.outbox.conflicts.value;
    expect(renewed?.photos[0]?.kind).toBe('cylinder');
    server.decideElsewhere('a', 'mortice');
    if (renewed) desk.settle(renewed, true);
    await soon();
    const [again] = desk.outbox.conflicts.value;
    expect(again).toMatchObject({ decision: { isAgain: true }, photos: [{ kind: 'mortice' }] });
    expect(desk.dialog.value).toBe('conflict');
    if (again) desk.settle(again, true);
    await soon();
    expect(server.get('a').kind).toBe('dimple');
  });

  it('closes a conflict in which both agree by now', async () => {
    server.decideElsewhere('a', 'mortice');
    run(desk, { do: 'confirm' });
    await soon();
    desk.dialog.value = 'conflict';
    server.decideElsewhere('a', 'dimple');
    const [conflict] = desk.outbox.conflicts.value;
    if (conflict) await desk.recheck(conflict);
    expect(desk.outbox.conflicts.value).toEqual([]);
    expect(desk.dialog.value).toBeNull();
  });
});

describe('Compare, while it asks what is there now,', () => {
  it('leaves alone what the user settles', async () => {
    server.decideElsewhere('a', 'mortice');
    run(desk, { do: 'confirm' });
    await soon();
    clearNotices();
    const [conflict] = desk.outbox.conflicts.value;
    if (!conflict) throw new Error('there is no conflict');
    const answered = desk.recheck(conflict);
    desk.settle(conflict, true);
    expect(desk.place.photos.get('a')?.kind).toBe('dimple');
    await answered;
    expect(notices.value).toEqual([]);
    expect(desk.place.photos.get('a')?.kind).toBe('dimple');
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
    desk.drafts.set('f', draft);
    await desk.openQueue('errors');
    await desk.openQueue('keys');
    await soon();
    expect(desk.draft.value).toEqual(draft);
    run(desk, { do: 'primary' });
    await soon();
    expect(server.get('f').ends).toEqual(draft.keys);
    expect(desk.drafts.now.value.size).toBe(0);
  });
});

describe('undo while marking', () => {
  const KEY = { head: [1, 2], tip: [90, 90], kind: null } as const;
  const keys = (): unknown => desk.draft.value?.keys;

  beforeEach(async () => {
    run(desk, { do: 'primary' });
    server.rows.set('f', photo('f', { ends: [KEY] }));
    await desk.openQueue('keys');
    await soon();
  });

  it('takes back one step after the other, and only then decisions', async () => {
    run(desk, { do: 'swap' });
    run(desk, { do: 'delete-key' });
    edit(desk, (draft) => tapped(tapped(draft, [5, 5], 1), [50, 50], 1));
    const undone: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      run(desk, { do: 'undo' });
      undone.push(keys());
    }
    expect(undone).toEqual([[], [{ head: KEY.tip, tip: KEY.head, kind: null }], [KEY]]);
    expect(server.asked).not.toContain('undo');
    run(desk, { do: 'undo' });
    await soon();
    expect(server.asked).toContain('undo');
  });

  it('takes a drag back as one step, and each drag by itself', () => {
    const drag = (...xs: readonly number[]): void => {
      edit(desk, (draft) => ({ ...draft, selected: 0 }));
      for (const x of xs) edit(desk, (draft) => dragged(draft, 0, 'tip', [x, 90]));
      edit(desk, (draft) => ({ ...draft, selected: 0 }));
    };
    drag(80, 70, 60);
    drag(50, 40);
    run(desk, { do: 'undo' });
    expect(keys()).toMatchObject([{ tip: [60, 90] }]);
    run(desk, { do: 'undo' });
    expect(keys()).toEqual([KEY]);
  });

  it('takes back a head that has no tip yet', () => {
    run(desk, { do: 'add-key' });
    edit(desk, (draft) => tapped(draft, [5, 5], 1));
    run(desk, { do: 'undo' });
    expect(desk.draft.value).toMatchObject({ start: null, keys: [KEY] });
  });
});

describe('no key here', () => {
  it('waits for Enter like all marks, and is one step to take back', async () => {
    await desk.openQueue('keys');
    await soon();
    expect(desk.primary.value).toBeNull();
    run(desk, { do: 'no-key' });
    expect(server.get('f').ends).toBeNull();
    expect(desk.primary.value?.name).toBe('Save: no key here');
    run(desk, { do: 'undo' });
    expect(desk.primary.value).toBeNull();
    run(desk, { do: 'no-key' });
    run(desk, { do: 'primary' });
    await soon();
    expect(server.get('f').ends).toEqual([]);
  });

  it('starts marking in another queue', async () => {
    run(desk, { do: 'no-key' });
    expect(desk.mode.value).toBe('keys');
    expect(desk.primary.value?.name).toBe('Save: no key here');
    run(desk, { do: 'escape' });
    expect(desk.mode.value).toBe('single');
    expect(desk.drafts.now.value.size).toBe(0);
  });
});

describe('a photo that cannot be read', () => {
  it('is not marked: it has no size', async () => {
    server.rows.set('f', photo('f', { width: 0, height: 0, problem: 'cannot be read' }));
    await desk.openQueue('keys');
    await soon();
    for (const command of ['mark', 'no-key'] as const) run(desk, { do: command });
    expect(desk.mode.value).toBe('single');
    expect(desk.draft.value).toBeNull();
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

describe('the name of a key', () => {
  it('does not say what the photo shows: its item stays open and shown', async () => {
    nameKey(desk, server.get('a'), 'bike');
    await soon();
    expect([server.get('a').key, shown(), desk.keyName]).toEqual(['bike', 'a', 'bike']);
    expect([desk.place.item.value?.decided, desk.place.items.value?.open.value]).toEqual([false, 3]);
    nameKey(desk, desk.place.shown.value?.[0] ?? server.get('a'), '');
    await soon();
    expect([server.get('a').key, desk.keyName]).toEqual([null, '']);
  });
});
