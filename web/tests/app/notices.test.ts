import { beforeEach, describe, expect, test } from 'vitest';
import { clearNotices, clearPassing, closeNotice, notices, notify } from '../../src/app/notices';

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
