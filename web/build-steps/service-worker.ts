/**
 * Build step: the service worker, with the list of this version's files.
 *
 * In:    the files that Vite wrote; src/sw.ts
 * Out:   sw.js; its first line is the list, as JSON, which src/keykind/app.py changes
 * Needs: Node, Vite
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { build, type Plugin, type ResolvedConfig } from 'vite';
import type { PrecacheEntry } from '../src/precache';

/** URLs that differ from the file's name: some hosts redirect index.html to its folder. */
const URLS: Record<string, string> = { 'index.html': './' };
const RUNTIME = /runtime-(relaxed|compat)-/;
/** What few visitors open: it is cached then, so that the first visit is smaller. src/keykind/app.py has the first too. */
const ON_DEMAND = /^(golden\/|licences\.txt$|icons\/icon-(maskable-)?512\.png$)/;
const UNUSED = /^(sw\.js$|neutral\/)/; // neutral/: what takes the place of pictures of keys around another model

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
        build: {
          outDir: folder,
          emptyOutDir: false,
          target: 'es2022',
          lib: { entry: 'src/sw.ts', formats: ['iife'], name: 'keykind', fileName: () => 'sw.js' },
        },
      });
      const script = resolve(folder, 'sw.js');
      const list = `self.FILES=${JSON.stringify(precacheEntries(folder))};`;
      writeFileSync(script, `${list}\n${readFileSync(script, 'utf8').trimStart()}`);
    },
  };
}

function precacheEntries(folder: string): PrecacheEntry[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => resolve(entry.parentPath, entry.name))
    .map((path) => ({ path, name: path.slice(folder.length + 1).replaceAll(sep, '/') }))
    .filter(({ name }) => !UNUSED.test(name))
    .sort((one, other) => (one.path < other.path ? -1 : 1))
    .map(({ path, name }) => {
      const data = readFileSync(path);
      const only = RUNTIME.exec(name)?.[1] as PrecacheEntry['only'];
      const sha256 = createHash('sha256').update(data).digest('hex');
      const onDemand = ON_DEMAND.test(name) ? ({ onDemand: true } as const) : {};
      return { url: URLS[name] ?? name, sha256, bytes: data.length, ...(only ? { only } : {}), ...onDemand };
    });
}
