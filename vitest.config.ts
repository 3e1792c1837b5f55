import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // For the worker threads that the sources start, which vitest does not transform.
    execArgv: ['--import', new URL('scripts/typescript/register.mjs', import.meta.url).href],
  },
});
