/**
 * Photos of a key -> what is stored of it.
 *
 * In:    photos; the engine
 * Out:   MyPhoto(s) and kinds; a LearnError for a photo that shows no key, or several
 * Needs: the engine
 */

import type { Verdict } from '../../core';
import { EnginePhoto } from '../../engine/photo';
import type { KeyResult } from '../../engine/protocol';
import type { Running } from '../session';
import type { MyKey, MyPhoto } from '../storage/my-keys';

/** Why a photo cannot be learnt from. */
export class LearnError extends Error {
  constructor(readonly problem: 'noKey' | 'severalKeys' | 'noFeatures') {
    super(problem);
  }
}

/** A photo that was learnt from. */
export interface Learnt {
  readonly photo: MyPhoto;
  readonly verdict: Verdict;
}

/** Learn from a photo of one key. Throws LearnError, or PhotoError if it cannot be read. */
export async function learnFrom(file: Blob, { engine }: Running): Promise<Learnt> {
  const photo = new EnginePhoto(engine, file);
  try {
    const { keys } = await photo.recognise();
    const found = keys.filter(({ verdict, head }) => verdict.isKey && head);
    const [key] = found;
    if (!key) throw new LearnError('noKey');
    if (found.length > 1) throw new LearnError('severalKeys');
    return await learntFrom(photo, key);
  } finally {
    photo.close();
  }
}

/** Learn from a key in a photo. Throws LearnError if the model outputs no features. */
export async function learntFrom(
  photo: EnginePhoto,
  key: Pick<KeyResult, 'box' | 'head' | 'tip' | 'features' | 'verdict'>,
): Promise<Learnt> {
  if (!key.features) throw new LearnError('noFeatures');
  const { box, head, tip } = key;
  return {
    photo: { photo: await photo.keyPhoto({ box, head, tip }), features: key.features },
    verdict: key.verdict,
  };
}

/** Return the kind that most photos have; null if none is known. */
export function kindOf(verdicts: readonly Verdict[]): string | null {
  const counts = new Map<string, number>();
  for (const { kind } of verdicts) if (kind) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const [most] = [...counts].sort(([, one], [, other]) => other - one);
  return most?.[0] ?? null;
}

/** Learn a key again, for another network; null: it has no photos, or they no longer show one key. */
export async function learnAgain(key: MyKey, running: Running): Promise<MyKey | null> {
  const photos: MyPhoto[] = [];
  for (const { photo } of key.photos) {
    const learnt = photo && (await learnFrom(photo, running).catch(() => null));
    if (learnt) photos.push({ photo, features: learnt.photo.features });
  }
  return photos.length ? { ...key, photos, network: running.card.network } : null;
}
