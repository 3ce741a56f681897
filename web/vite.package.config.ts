/** The engine as the package keykind-web: one module, its worker, the runtime and the models. */
import { copyFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { licences } from './build-steps/licences';
import { packs } from './build-steps/packs';

const OUT = process.env['KEYKIND_PACKAGE_OUT'] ?? 'build/keykind-web';
const FILES = ['package.json', 'README.md', 'example.html'];

export default defineConfig({
  base: './',
  publicDir: false,
  worker: { format: 'iife' }, // LiteRT loads its runtime with importScripts, which module workers lack
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    lib: { entry: 'src/engine/index.ts', formats: ['es'], fileName: 'index' },
  },
  plugins: [
    licences(),
    packs(),
    {
      name: 'keykind-package-files',
      closeBundle() {
        for (const name of FILES) {
          copyFileSync(
            resolve(import.meta.dirname, 'package', name),
            resolve(import.meta.dirname, OUT, name),
          );
        }
      },
    },
  ],
});
