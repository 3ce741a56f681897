/**
 * Paths of the packed runtime of this build, relative to the page.
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
  export const runtimes: { readonly relaxed: RuntimePaths; readonly compat: RuntimePaths };
}
