/**
 * Paths of the packed runtime and models of this build, relative to the page or the package.
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
  export const models: import('./app-model').AppModel; // the package's; pages name theirs themselves
  export const runtimes: { readonly relaxed: RuntimePaths; readonly compat: RuntimePaths };
}
