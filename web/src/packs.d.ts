/**
 * Paths of the packed files of this build, relative to the page.
 *
 * In:    build-steps/packs.ts
 * Out:   the type of `virtual:packs`
 * Needs: nothing
 */
declare module 'virtual:packs' {
  interface RuntimePaths {
    readonly script: string;
    readonly wasm: string;
  }
  export const detector: string;
  export const refiner: string | null; // null: the models' folder has none
  export const classifier: string;
  export const decision: unknown; // JSON, as Python writes it; null: none was fitted to these models
  export const runtimes: { readonly relaxed: RuntimePaths; readonly compat: RuntimePaths };
}
