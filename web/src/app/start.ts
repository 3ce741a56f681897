/**
 * Start the engine with the files of this build, or with a model that the user opened.
 *
 * In:    virtual:packs; the model that the page was written with
 * Out:   Engine and model card
 * Needs: client.ts
 */

import { runtimes } from 'virtual:packs';
import type { AppModel } from '../app-model';
import type { Card } from '../core/card';
import { defaultDecision, readDecision } from '../core/decision';
import { Engine } from '../engine/client';
import { supportedRuntime } from '../precache';
import type { OwnModel } from './own-models';

/** An engine whose models are loaded. */
export interface Started {
  readonly engine: Engine;
  readonly card: Card;
  readonly kindThreshold: number; // least probability of a kind that is an answer
}

/** Return an engine that runs the app's model, or the user's. Throws ModelError, or an Error if loading fails. */
export async function startEngine(appModel: AppModel, own: OwnModel | null = null): Promise<Started> {
  const urlOf = (path: string): string => new URL(path, document.baseURI).href;
  const { script, wasm } = runtimes[supportedRuntime()];
  const engine = new Engine();
  const decision = own && !isFittedTo(appModel.decision, own.digest) ? null : appModel.decision;
  try {
    const card = await engine.call('load', {
      runtime: { script: urlOf(script), wasm: urlOf(wasm) },
      detector: appModel.detector && urlOf(appModel.detector),
      refiner: appModel.refiner && urlOf(appModel.refiner),
      classifier: own ? own.file : urlOf(appModel.classifier),
      decision,
    });
    const { kindThreshold } = decision ? readDecision(decision) : defaultDecision(card);
    return { engine, card, kindThreshold };
  } catch (error) {
    engine.stop();
    throw error;
  }
}

/** Return whether a decision was fitted to the model file with this SHA-256. */
function isFittedTo(decision: unknown, digest: string): boolean {
  return (decision as { classifier?: string } | null)?.classifier === digest;
}
