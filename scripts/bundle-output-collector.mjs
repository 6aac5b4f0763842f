// The sidecar as one file. CommonJS: Node starts it some milliseconds sooner than a module, and finds one file, not thirty.
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const dist = fileURLToPath(new URL('../packages/output-collector/dist', import.meta.url));

await build({
  input: `${dist}/main.js`,
  platform: 'node',
  output: {
    file: `${dist}/bundle/output-collector.cjs`,
    format: 'cjs',
    codeSplitting: false,
    comments: false,
  },
  logLevel: 'warn',
});
