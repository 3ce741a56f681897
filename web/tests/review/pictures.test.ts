/** Tests of the pictures ahead: the most urgent first, few at once, and released when nobody wants them. */

import { describe, expect, it } from 'vitest';
import { type Picture, Pictures } from '../../src/review/state/pictures';
import { settled } from './desk-parts';

interface Fake extends Picture {
  readonly url: string;
}

function setUp(): {
  pictures: Pictures<Fake>;
  started: string[];
  aborted: string[];
  open: Set<string>;
  finish(url: string): Promise<void>;
  fail(url: string): Promise<void>;
} {
  const [started, aborted]: [string[], string[]] = [[], []];
  const open = new Set<string>();
  const waiting = new Map<string, { resolve: (picture: Fake) => void; reject: (error: Error) => void }>();
  const pictures = new Pictures<Fake>((url, signal) => {
    started.push(url);
    return new Promise((resolve, reject) => {
      waiting.set(url, { resolve, reject });
      signal.addEventListener('abort', () => {
        aborted.push(url);
        reject(new Error('aborted'));
      });
    });
  });
  const finish = async (url: string): Promise<void> => {
    open.add(url);
    waiting.get(url)?.resolve({ url, width: 1, height: 1, close: () => open.delete(url) });
    await settled();
  };
  const fail = async (url: string): Promise<void> => {
    waiting.get(url)?.reject(new Error('404'));
    await settled();
  };
  return { pictures, started, aborted, open, finish, fail };
}

describe('pictures', () => {
  it('are loaded in order of urgency, three at once', async () => {
    const { pictures, started, finish } = setUp();
    pictures.want(['1', '2', '3', '4', '5']);
    expect(started).toEqual(['1', '2', '3']);
    await finish('2');
    expect(started).toEqual(['1', '2', '3', '4']);
    expect(pictures.get('2')?.url).toBe('2');
    expect(pictures.get('1')).toBeNull();
  });

  it('that nobody wants any more are aborted, or closed', async () => {
    const { pictures, started, aborted, open, finish } = setUp();
    const all = Array.from({ length: 40 }, (_, i) => String(i));
    for (let i = 0; i < 30; i++) {
      pictures.want(all.slice(i, i + 4));
      await settled();
      for (const url of started.slice(-4)) await finish(url);
    }
    expect(open.size).toBeLessThanOrEqual(4 + 3);
    expect(pictures.get('0')).toBeNull();
    expect(pictures.get('29')?.url).toBe('29');
    pictures.want(['39']);
    await settled();
    pictures.want(['1']);
    await settled();
    expect(aborted).toContain('39');
  });

  it('that fail are not asked for again until they are wanted anew', async () => {
    const { pictures, started, fail } = setUp();
    pictures.want(['1']);
    await fail('1');
    expect(pictures.hasFailed('1')).toBe(true);
    pictures.want(['1']);
    expect(started).toEqual(['1']);
    pictures.want(['1', '2']);
    expect(started).toEqual(['1', '1', '2']);
  });
});
