/**
 * Build step: the service worker, with the list of this version's files.
 *
 * In:    the files that Vite wrote; src/sw.ts
 * Out:   sw.js
 * Needs: Node, Vite
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { build, type Plugin, type ResolvedConfig } from 'vite';
import type { PrecacheEntry } from '../src/precache';

/** URLs that differ from the file's name: some hosts redirect index.html to its folder. */
const URLS: Record<string, string> = { 'index.html': './' };
const RUNTIME = /runtime-(relaxed|compat)-/;

export function serviceWorker(): Plugin {
  let config: ResolvedConfig;
  return {
    name: 'keykind-service-worker',
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
        define: { __FILES__: JSON.stringify(precacheEntries(folder)) },
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

function precacheEntries(folder: string): PrecacheEntry[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'sw.js')
    .map((entry) => resolve(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const data = readFileSync(path);
      const name = path.slice(folder.length + 1).replaceAll(sep, '/');
      const only = RUNTIME.exec(name)?.[1] as PrecacheEntry['only'];
      const sha256 = createHash('sha256').update(data).digest('hex');
      return { url: URLS[name] ?? name, sha256, bytes: data.length, ...(only ? { only } : {}) };
    });
}
