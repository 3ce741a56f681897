/** Tests of the search by name: the latest text counts, whatever arrives last. */

import { expect, it } from 'vitest';
import { ApiError, type Found } from '../../src/review/api';
import { Connection } from '../../src/review/state/connection';
import { NameSearch } from '../../src/review/state/name-search';
import { Photos } from '../../src/review/state/photos';
import { photo, settled } from './desk-parts';

const found = (...ids: string[]): Found => ({
  photos: ids.map((id) => ({ photo: id, index: 0 })),
  total: ids.length,
  keys: [],
});

function searchWith(answers: Readonly<Record<string, Promise<Found>>>): NameSearch {
  const connection = new Connection(
    async () => undefined,
    () => undefined,
  );
  const photos = new Photos(async (ids) => ids.map((id) => photo(id)));
  const search = (text: string): Promise<Found> => answers[text] ?? Promise.reject(new ApiError(404, text));
  return new NameSearch({ search }, connection, photos);
}

it('keeps the answer to the latest text, also if an earlier one arrives after it', async () => {
  let answerFirst = (_: Found): void => undefined;
  const slow = new Promise<Found>((resolve) => {
    answerFirst = resolve;
  });
  const search = searchWith({ a: slow, ab: Promise.resolve(found('2')) });
  const first = search.ask('a');
  void search.ask('ab');
  await settled();
  answerFirst(found('1', '2'));
  await settled();
  expect([search.found.value?.total, (await first)?.total]).toEqual([1, 2]);
  expect(search.photos.get('2')?.id).toBe('2');
});

it('leaves an error to the connection, and what was found before', async () => {
  const search = searchWith({ a: Promise.resolve(found('1')) });
  await search.ask('a');
  await search.ask('b');
  expect([search.found.value?.total, search.connection.failure.value?.status]).toEqual([1, 404]);
});
