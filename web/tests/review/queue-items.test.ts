/** Tests of long queues: pages are loaded where they are needed, and the next open item is found. */

import { describe, expect, it } from 'vitest';
import type { Item, ItemPage } from '../../src/review/api';
import { PAGE, QueueItems } from '../../src/review/state/queue-items';
import { item } from './desk-parts';

const SIZE = 20_000;

function queueOf(decided: (index: number) => boolean): { items: QueueItems; pages: number[] } {
  const pages: number[] = [];
  const all: Item[] = Array.from({ length: SIZE }, (_, i) => ({ ...item(`p${i}`), decided: decided(i) }));
  const open = all.filter((each) => !each.decided).length;
  const fetchPage = async (_: string, offset: number, limit: number): Promise<ItemPage> => {
    pages.push(offset / PAGE);
    return { size: SIZE, open, items: all.slice(offset, offset + limit) };
  };
  return { items: new QueueItems('all', fetchPage), pages };
}

describe('a queue of 20,000', () => {
  it('loads one page to begin with, and others once', async () => {
    const { items, pages } = queueOf(() => false);
    await items.ensure(0, 0);
    await Promise.all([items.ensure(190, 210), items.ensure(195, 220), items.ensure(0, 10)]);
    expect(pages).toEqual([0, 1]);
    expect(items.at(210)?.id).toBe('p210');
    expect(items.at(19_999)).toBeNull();
  });

  it('does not load pages beyond its ends', async () => {
    const { items, pages } = queueOf(() => false);
    await items.ensure(0, 0);
    await items.ensure(-10, 0);
    await items.ensure(SIZE - 1, SIZE + 50);
    expect(pages).toEqual([0, 99]);
  });

  it('asks again for a page that failed', async () => {
    let isDown = true;
    const items = new QueueItems('all', async () => {
      if (isDown) throw new Error('down');
      return { size: 1, open: 1, items: [item('p0')] };
    });
    await expect(items.ensure(0, 0)).rejects.toThrow('down');
    isDown = false;
    await items.ensure(0, 0);
    expect(items.at(0)?.id).toBe('p0');
  });
});

describe('the next open item', () => {
  it('is found at once where the page is there', async () => {
    const { items } = queueOf((i) => i === 1 || i === 2);
    await items.ensure(0, 0);
    expect(items.nextOpen(1)).toBe(3);
  });

  it('is found in pages that are not loaded yet', async () => {
    const { items, pages } = queueOf((i) => i < 450);
    await items.ensure(0, 0);
    expect(await items.nextOpen(0)).toBe(450);
    expect(pages).toEqual([0, 1, 2]);
  });

  it('is one that was skipped, and then there is none', async () => {
    const { items } = queueOf((i) => i !== 3);
    await items.ensure(0, 0);
    await items.ensure(0, SIZE);
    expect(items.nextOpen(10)).toBe(3);
    items.setDecided('p3', 3, true);
    expect(items.nextOpen(4)).toBe(SIZE);
    expect(items.open.value).toBe(0);
  });
});

describe('an item', () => {
  it('is found by its id, also where it has moved', async () => {
    const { items } = queueOf(() => false);
    expect(await items.find('p555', 0)).toBe(555);
    items.setDecided('p555', 7, true);
    expect(items.at(555)?.decided).toBe(true);
    expect(items.at(7)?.decided).toBe(false);
    expect(await items.find('gone', 19_999)).toBeNull();
  });
});
