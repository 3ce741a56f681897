/**
 * Start the engine with the files of this build.
 *
 * In:    virtual:packs
 * Out:   Engine and model card
 * Needs: client.ts
 */

import { classifier, decision, detector, refiner, runtimes } from 'virtual:packs';
import type { Card } from '../core';
import { Engine } from '../engine/client';
import { supportedRuntime } from '../precache';

/** Return an engine with its models loaded. Throws an Error if loading fails. */
export async function startEngine(): Promise<{ engine: Engine; card: Card }> {
  const urlOf = (path: string): string => new URL(path, document.baseURI).href;
  const { script, wasm } = runtimes[supportedRuntime()];
  const engine = new Engine();
  const card = await engine.call('load', {
    runtime: { script: urlOf(script), wasm: urlOf(wasm) },
    detector: urlOf(detector),
    refiner: refiner && urlOf(refiner),
    classifier: urlOf(classifier),
    decision,
  });
  return { engine, card };
}
