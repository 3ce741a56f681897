import { describe, expect, test } from 'vitest';
import { fileNames } from '../../../src/app/history/zip';

describe('fileNames', () => {
  test('numbers the photos of each kind in a folder of its own', () => {
    expect(fileNames(['dimple', '', 'dimple', ''])).toEqual([
      'photos/dimple/dimple-0001.jpg',
      'nothing/nothing-0001.jpg',
      'photos/dimple/dimple-0002.jpg',
      'nothing/nothing-0002.jpg',
    ]);
  });

  test.each([[['a/b', 'a:b']], [['Cup', 'cup']], [['nothing', '']], [['end.', 'end ']]])(
    'gives no two photos of the kinds %j one name',
    (kinds) => {
      const names = fileNames(kinds).map((name) => name.toLowerCase());
      expect(new Set(names).size).toBe(2);
    },
  );
});
