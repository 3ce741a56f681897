import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clearNotices, clearPassing, closeNotice, endOfView, notices, notify } from '../src/notices';

const shown = (): string[] => notices.value.map(({ message }) => message);

describe('notices', () => {
  beforeEach(() => {
    notices.value = [];
  });

  test('a lesser one stands below an error, and does not replace it', () => {
    notify('deleted', 'undo');
    notify('full', 'error');
    notify('new version', 'update');
    notify('removed', 'undo');
    expect(shown()).toEqual(['full', 'new version', 'removed']);
  });

  test('one of the same importance replaces the one before', () => {
    notify('full', 'error');
    notify('blocked', 'error');
    notify('deleted', 'undo');
    notify('offline', 'ready');
    expect(shown()).toEqual(['blocked', 'offline']);
  });

  test('one that is closed leaves the others', () => {
    notify('full', 'error');
    notify('deleted', 'undo');
    const [error] = notices.value;
    if (error) closeNotice(error);
    expect(shown()).toEqual(['deleted']);
  });

  test('the next photo removes all but the offer of an update', () => {
    for (const [message, type] of [
      ['full', 'error'],
      ['deleted', 'undo'],
      ['new version', 'update'],
    ] as const)
      notify(message, type);
    clearPassing();
    expect(shown()).toEqual(['full', 'new version']);
    clearNotices();
    expect(shown()).toEqual(['new version']);
  });
});

describe('an error', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    notices.value = [];
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test('ends with the view in which it was read', () => {
    notify('not a list of keys', 'error');
    vi.advanceTimersByTime(5000);
    endOfView();
    expect(shown()).toEqual([]);
  });

  test('of just now is still shown in the view that it led to', () => {
    notify('not a list of keys', 'error');
    endOfView();
    expect(shown()).toEqual(['not a list of keys']);
  });

  test('that offers something to do stays', () => {
    notify('blocked', 'error', { label: 'Reload', run: () => undefined });
    vi.advanceTimersByTime(5000);
    endOfView();
    expect(shown()).toEqual(['blocked']);
  });
});
