import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests run as compiled: what is tested is what is shipped, and worker threads and child processes need no loader.
export default defineConfig({
  test: {
    // Vitest would leave a core to itself, which then idles; and many tests wait for processes. Of two cores: 321 s with two
    // workers, 288 s with three.
    maxWorkers: availableParallelism() + 1,
    include: ['packages/*/dist/**/*.test.js', 'scripts/**/*.test.mjs'],
    globalSetup: ['packages/postgres/dist/testing/global-setup.js'],
    resolveSnapshotPath: (path, extension) =>
      path.replace('/dist/', '/src/').replace(/\.js$/, '.ts') + extension,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A condition is looked at until it holds: on a busy machine that may take longer than the second of the default.
    expect: { poll: { timeout: 20_000 } },
  },
});
