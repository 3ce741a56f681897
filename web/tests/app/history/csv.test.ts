import { describe, expect, test } from 'vitest';
import { csvOf } from '../../../src/app/history/csv';
import { entryOf, keyOf, photoOf, verdict } from '../entries';

const HEADING =
  'photo,kind,reason,probability,p(cylinder),p(dimple),p(laser_track),p(mortice),' +
  'x1,y1,x2,y2,x3,y3,x4,y4,error,damaged,correction';

function rowsOf(csv: string): string[] {
  return csv.trimEnd().split('\r\n').slice(1);
}

describe('csvOf', () => {
  test('has a row per key, with probabilities in the model’s order', () => {
    const keys = [keyOf(verdict('dimple', 0.91)), keyOf(verdict(null, 0.4))];
    const csv = csvOf([{ name: 'a.jpg', entry: entryOf([photoOf(keys)]), error: '' }]);
    expect(csv.startsWith(`${HEADING}\r\n`)).toBe(true);
    const [first, second] = rowsOf(csv);
    expect(first).toMatch(/^a\.jpg,dimple,,0\.91,0\.03,0\.91,0\.03,0\.03,/);
    expect(second).toMatch(/^a\.jpg,,unknown_kind,0\.4,0\.4,0\.2,0\.2,0\.2,/);
  });

  test('has a row for a photo without a key, and one for a photo that failed', () => {
    const entry = entryOf([photoOf([keyOf(verdict('dimple', 0.9, false))])]);
    const csv = csvOf([
      { name: 'none.jpg', entry, error: '' },
      { name: 'torn.jpg', entry: null, error: 'damaged, copy it again' },
    ]);
    const [none, torn] = rowsOf(csv);
    expect(none).toBe(`none.jpg${','.repeat(HEADING.split(',').length - 1)}`);
    expect(torn).toContain(',"damaged, copy it again",,');
  });

  test('quotes names, and gives pixels of the original photo', () => {
    const photo = photoOf([keyOf(verdict('dimple'))], { originalWidth: 200 });
    const [x1] = photo.keys[0]?.box[0] ?? [];
    const csv = csvOf([{ name: 'my "best", key.jpg', entry: entryOf([photo]), error: '' }]);
    const [row] = rowsOf(csv);
    expect(row).toMatch(/^"my ""best"", key\.jpg",dimple/);
    expect(row?.split(',').slice(9)[0]).toBe(String(2 * (x1 ?? 0)));
  });

  test('has the user’s corrections beside the answers', () => {
    const keys = [
      keyOf(verdict('dimple'), { correction: 'mortice' }),
      keyOf(verdict('dimple'), { correction: '' }),
    ];
    const rows = rowsOf(csvOf([{ name: 'a.jpg', entry: entryOf([photoOf(keys)]), error: '' }]));
    expect(rows[0]).toMatch(/^a\.jpg,dimple,.*,mortice$/);
    expect(rows[1]).toMatch(/,not a key$/);
  });
});

describe('a spreadsheet', () => {
  test.each(['=1+1', '+1', '-1.jpg', '@SUM(A1)'])('reads %s as text', (name) => {
    const photo = photoOf([keyOf(verdict('dimple'))]);
    const [row] = rowsOf(csvOf([{ name, entry: entryOf([photo]), error: '' }]));
    expect(row?.startsWith(`'${name},dimple,`)).toBe(true);
  });

  test('reads negative numbers as numbers', () => {
    const key = keyOf(verdict('dimple'));
    const outside = { ...key, box: [[-8, 2], ...key.box.slice(1)] as unknown as typeof key.box };
    const [row] = rowsOf(csvOf([{ name: 'a.jpg', entry: entryOf([photoOf([outside])]), error: '' }]));
    expect(row).toMatch(/,-8,/);
  });
});
