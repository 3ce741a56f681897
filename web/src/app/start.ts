/**
 * The engine, started with the files of this build.
 *
 * In:    virtual:packs
 * Out:   Engine and the model's card
 * Needs: client.ts
 */

import { finder, keys, runtimes } from 'virtual:packs';
import type { Card } from '../core';
import { Engine } from '../engine/client';
import { runtimeHere } from '../listed';

/** Return an engine that is ready. Throws what kept it from that. */
export async function startEngine(): Promise<{ engine: Engine; card: Card }> {
  const address = (place: string): string => new URL(place, document.baseURI).href;
  const { script, wasm } = runtimes[runtimeHere()];
  const engine = new Engine();
  const card = await engine.ask('load', {
    runtime: { script: address(script), wasm: address(wasm) },
    finder: address(finder),
    keys: address(keys),
  });
  return { engine, card };
}
