/** Unit tests, without the plugins that build the app. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['tests/**/*.test.ts'], isolate: false, reporters: [['default', { summary: false }]] },
});
