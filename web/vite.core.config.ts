/** The core as one module for Node, which the tests compare with Python. */
import { defineConfig } from 'vite';

export default defineConfig({
  publicDir: false,
  build: {
    outDir: 'build/core',
    target: 'es2022',
    minify: false,
    lib: { entry: 'src/core/index.ts', formats: ['es'], fileName: 'core' },
  },
});
