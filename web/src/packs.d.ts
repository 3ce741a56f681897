/**
 * Where the packed files of this build lie, relative to the page.
 *
 * In:    build-steps/packs.ts
 * Out:   the type of `virtual:packs`
 * Needs: nothing
 */
declare module 'virtual:packs' {
  interface RuntimePlaces {
    readonly script: string;
    readonly wasm: string;
  }
  export const finder: string;
  export const keys: string;
  export const runtimes: { readonly relaxed: RuntimePlaces; readonly compat: RuntimePlaces };
}
