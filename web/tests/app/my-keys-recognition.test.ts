/** Tests of which of the user's keys a key is. */

import { afterEach, expect, test } from 'vitest';
import { myKeys, ownKey } from '../../src/app/my-keys/recognition';

const CARD = { network: 'n' };

function keyWith(id: number, features: readonly number[]) {
  const photos = [{ photo: null, features: Float32Array.from(features) }];
  return { id, name: `key ${id}`, kind: null, network: 'n', photos };
}

afterEach(() => {
  myKeys.value = [];
});

test('a key of an imported file with another number of features does not hinder the others', () => {
  myKeys.value = [keyWith(1, [1, 0, 0]), keyWith(2, [0, 1])];
  expect(ownKey(Float32Array.of(0, 2), CARD)?.id).toBe(2);
  expect(ownKey(Float32Array.of(1, 1, 1, 1), CARD)).toBeUndefined();
});
