/** The app, built into the Python package: what the service sends and `keykind app` copies. */
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { golden } from './build-steps/golden';
import { licences } from './build-steps/licences';
import { offline } from './build-steps/offline';
import { packs } from './build-steps/packs';

export default defineConfig({
  base: './',
  publicDir: 'public',
  worker: { format: 'iife' }, // LiteRT loads its runtime with importScripts, which modules do not have
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
  plugins: [golden(), licences(), packs(), offline()],
});
