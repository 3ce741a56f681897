/**
 * Build step: the service worker, with the list of all files of this version.
 *
 * In:    what Vite wrote; src/sw.ts
 * Out:   sw.js
 * Needs: Node, Vite
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { build, type Plugin, type ResolvedConfig } from 'vite';
import type { Listed } from '../src/listed';

/** Pages are asked for under these names: some hosts send index.html on to its folder. */
const PAGES: Record<string, string> = { 'index.html': './' };
const ONLY = /runtime-(relaxed|compat)-/;

export function offline(): Plugin {
  let config: ResolvedConfig;
  return {
    name: 'keykind-offline',
    configResolved(resolved) {
      config = resolved;
    },
    async closeBundle() {
      const folder = resolve(config.root, config.build.outDir);
      await build({
        configFile: false,
        root: config.root,
        publicDir: false,
        logLevel: 'warn',
        define: { __FILES__: JSON.stringify(listed(folder)) },
        build: {
          outDir: folder,
          emptyOutDir: false,
          target: 'es2022',
          lib: { entry: 'src/sw.ts', formats: ['iife'], name: 'keykind', fileName: () => 'sw.js' },
        },
      });
    },
  };
}

function listed(folder: string): Listed[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'sw.js')
    .map((entry) => resolve(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const data = readFileSync(path);
      const name = path.slice(folder.length + 1).replaceAll(sep, '/');
      const only = ONLY.exec(name)?.[1] as Listed['only'];
      const sha256 = createHash('sha256').update(data).digest('hex');
      return { url: PAGES[name] ?? name, sha256, bytes: data.length, ...(only ? { only } : {}) };
    });
}
