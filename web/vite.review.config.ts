/** The page of `keykind review`, built into the Python package apart from the phone app, whose visitors do not load it. */
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { licences } from './build-steps/licences';

const PAGE = 'review.html';

export default defineConfig({
  base: './',
  publicDir: false,
  build: {
    outDir: process.env['KEYKIND_REVIEW_OUT'] ?? '../src/keykind/review/page',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: resolve(import.meta.dirname, PAGE) },
  },
  plugins: [
    licences(['@preact/signals', '@preact/signals-core', 'lucide', 'preact']),
    {
      name: 'keykind-review-index',
      enforce: 'post',
      generateBundle(_, bundle) {
        const page = bundle[PAGE];
        if (page) page.fileName = 'index.html'; // what the server sends for its address alone
      },
    },
  ],
});
