import { describe, expect, test } from 'vitest';
import { countFacets, type Facet, facetsOf, idOf, search } from '../../../src/app/history/search';
import { type Summary, summaryOf } from '../../../src/app/storage/summary';
import { entryOf, keyOf, photoOf, verdict } from '../entries';

const dimples = photoed([keyOf(verdict('dimple')), keyOf(verdict('dimple'))], 'IMG_1.jpg');
const unsure = photoed([keyOf(verdict(null))]);
const refused = photoed([keyOf(verdict('dimple', 0.9, false))]);
const corrected = photoed([keyOf(verdict('dimple'), { correction: 'mortice' })]);
const mine = photoed([keyOf(verdict('cylinder'), { myKey: 'Büro' })]);
const all = [dimples, unsure, refused, corrected, mine];

function photoed(keys: Parameters<typeof photoOf>[0], name = ''): Summary {
  return summaryOf(entryOf([photoOf(keys)], { name }));
}

function labelOf(facet: Facet): string {
  if (facet.type === 'mine') return facet.name;
  return facet.type === 'kind' ? `Clé ${facet.kind}` : facet.type;
}

function found(chosen: readonly string[], typed = ''): readonly Summary[] {
  return search(all, new Set(chosen), typed, labelOf);
}

describe('facets', () => {
  test('of a photo are listed once', () => {
    expect(facetsOf(dimples).map(idOf)).toEqual(['kind:dimple']);
    expect(facetsOf(refused).map(idOf)).toEqual(['nothing']);
    expect(facetsOf(corrected).map(idOf)).toEqual(['kind:mortice', 'corrected']);
  });

  test('are counted, the user’s keys first and the most frequent kinds before others', () => {
    const counts = countFacets([...all, dimples]);
    expect(counts.map(({ id, count }) => [id, count])).toEqual([
      ['mine:Büro', 1],
      ['kind:dimple', 2],
      ['kind:cylinder', 1],
      ['kind:mortice', 1],
      ['unsure', 1],
      ['nothing', 1],
      ['corrected', 1],
    ]);
  });
});

describe('search', () => {
  test('without a choice finds all', () => {
    expect(found([])).toEqual(all);
    expect(found([], '  ')).toEqual(all);
  });

  test('finds photos that have one of the chosen facets', () => {
    expect(found(['kind:dimple', 'unsure'])).toEqual([dimples, unsure]);
  });

  test('finds each typed word, whatever its case and accents', () => {
    expect(found([], 'cle MORT')).toEqual([corrected]);
    expect(found([], 'buro')).toEqual([mine]);
    expect(found([], 'img')).toEqual([dimples]);
    expect(found([], 'mortice dimple')).toEqual([]);
  });

  test('combines what is typed with what is chosen', () => {
    expect(found(['unsure'], 'dimple')).toEqual([]);
  });
});
