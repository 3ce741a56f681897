/** The app, built into the Python package: `keykind serve` sends it and `keykind app` copies it. */
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { generated } from './build-steps/generated';
import { licences } from './build-steps/licences';
import { packs } from './build-steps/packs';
import { serviceWorker } from './build-steps/service-worker';

export default defineConfig({
  base: './',
  publicDir: 'public',
  server: { fs: { allow: ['..'] } }, // sketches are in src/keykind/kinds
  worker: { format: 'iife' }, // LiteRT loads its runtime with importScripts, which module workers lack
  build: {
    outDir: process.env['KEYKIND_APP_OUT'] ?? '../src/keykind/web',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        index: resolve(import.meta.dirname, 'index.html'),
        selftest: resolve(import.meta.dirname, 'selftest.html'),
      },
    },
  },
  plugins: [generated(), licences(), packs(), serviceWorker()],
});
