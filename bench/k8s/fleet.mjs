import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../e2e/cluster/fleet', import.meta.url));
const fleet = (...args) =>
  execFileSync(script, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** A control plane of our own with so many pretend nodes: `e2e/cluster/fleet`. */
export const startFleet = (nodes) => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-fleet-'));
  const stop = () => {
    process.off('exit', stop);
    fleet('down', folder);
  };
  // Whatever ends the benchmark, its control plane ends with it.
  process.on('exit', stop);
  return {
    kubeconfig: fleet('up', folder, String(nodes)).trim(),
    stopApi: () => fleet('stop-api', folder),
    startApi: () => fleet('start-api', folder),
    stop,
  };
};
