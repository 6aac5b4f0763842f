import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(
  new URL('../../packages/job-orchestrator/bin/job-orchestrator.js', import.meta.url),
);

/** The Node of whoever runs the benchmark; the peers' newer one would take about 8 % more. */
const productNode = process.env.PRODUCT_NODE ?? process.execPath;

/** MiB of a process that are in memory now (Linux). */
const residentMiB = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

/** What `dev` takes once it has started and rested for 10 s. */
export const measureMemory = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-dev-'));
  const dev = spawn(productNode, [binary, 'dev', '--data', folder, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await once(dev.stderr, 'data');
  await pause(10_000);
  const resident = residentMiB(dev.pid);
  dev.kill('SIGTERM');
  await once(dev, 'exit');
  rmSync(folder, { recursive: true });
  return { dev_resident_mb: resident };
};
