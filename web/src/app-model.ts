/**
 * The model that an app is written around, as its pages name it.
 *
 * In:    the JSON in a page, which the build or src/keykind/app.py wrote
 * Out:   AppModel
 * Needs: a browser, to read it
 */

/** Identifier of the element with the JSON; src/keykind/app.py looks for it. */
export const ELEMENT_ID = 'keykind-model';

/** Paths relative to the page, and what the page must know before the model is loaded. */
export interface AppModel {
  readonly classifier: string;
  readonly detector: string | null; // null: whole photos are classified
  readonly refiner: string | null; // null: there is none
  readonly decision: unknown; // JSON, as Python writes it; null: none was fitted to these models
  readonly title: string | null; // of the app; null: keykind's own
  readonly ofKeys: boolean; // whether the classes are kinds of keys
  readonly selfTest: boolean; // whether the app has photos and Python's results for them
}

/** Return the model that this page was written with. */
export function readAppModel(): AppModel {
  return JSON.parse(document.getElementById(ELEMENT_ID)?.textContent ?? '') as AppModel;
}
