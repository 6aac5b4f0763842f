import { defineConfig } from 'vitest/config';

// One file after the other: the tests share one machine, one PostgreSQL and one kubelet (2.6 pods a second).
export default defineConfig({
  test: {
    include: ['e2e/tests/**/*.test.ts'],
    globalSetup: ['packages/postgres/dist/testing/global-setup.js'],
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 60_000,
  },
});
