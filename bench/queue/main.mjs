// The queue beside graphile-worker and pg-boss, on one PostgreSQL, in one run: ratios, not absolute figures.
// bench/run queue [--json FILE] [--quick] [--only drain,latency,claim,snapshot,create,idle,memory]
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureClaimCost } from './claim-cost.mjs';
import { measureHeldSnapshot } from './held-snapshot.mjs';
import { describeMachine, describeVersions } from './machine.mjs';
import { measureCreateLatency } from './create-latency.mjs';
import { measureIdleCost } from './idle-cost.mjs';
import { measureMemory } from './memory.mjs';
import { measure, mediansOf, systems } from './peers.mjs';
import { printReport } from './report.mjs';
import { startServer } from './server.mjs';
import { percentile } from './statistics.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: 'drain,latency,claim,snapshot,create,idle,memory' },
  },
});

const size = options.quick
  ? { jobs: 5_000, rounds: 1, latencyJobs: 50, pending: 100_000, snapshotSeconds: 20 }
  : { jobs: 20_000, rounds: 3, latencyJobs: 500, pending: 1_000_000, snapshotSeconds: 300 };

const ours = 'job-orchestrator';
const ratio = (values, peer) => values[ours] / values[peer];
const named = (prefix, values) =>
  Object.fromEntries(systems.map((system) => [`${prefix}_${system}`, values[system]]));

const drains = async (server) => {
  const batched = await measure(server, 'batched', size.jobs, size.rounds);
  const unbatched = await measure(server, 'unbatched', size.jobs, size.rounds);
  const bare = await measure(server, 'bare', size.jobs, size.rounds, [ours]);
  const [enqueue, fast, slow] = [
    mediansOf(batched, 'enqueued'),
    mediansOf(batched, 'drained'),
    mediansOf(unbatched, 'drained'),
  ];
  return {
    figures: {
      ...named('enqueue_bulk_per_s', enqueue),
      ...named('drain_batched_per_s', fast),
      ...named('drain_unbatched_per_s', slow),
      drain_bare_per_s: mediansOf(bare, 'drained')[ours],
    },
    ratios: {
      enqueue_bulk_vs_graphile: ratio(enqueue, 'graphile-worker'),
      drain_batched_vs_graphile: ratio(fast, 'graphile-worker'),
      drain_batched_vs_pgboss: ratio(fast, 'pg-boss'),
      drain_unbatched_vs_graphile: ratio(slow, 'graphile-worker'),
    },
  };
};

/** Two rhythms: one job straight after the other, and jobs 50 to 150 ms apart (beyond our 50 ms of debouncing). */
const latencies = async (server) => {
  const figures = {};
  for (const [workload, suffix] of [
    ['spaced', ''],
    ['latency', '_back_to_back'],
  ]) {
    const results = await measure(server, workload, size.latencyJobs, 1);
    for (const [system, [{ latencies: all }]] of Object.entries(results)) {
      const name = system === ours ? '' : `_${system}`;
      figures[`start_latency${suffix}_ms_p50${name}`] = percentile(all, 0.5);
      figures[`start_latency${suffix}_ms_p99${name}`] = percentile(all, 0.99);
    }
  }
  return { figures, ratios: {} };
};

const claims = async (server) => {
  const { few, many } = await measureClaimCost(server, size.pending);
  return {
    figures: { claim_ms_at_1k: few, claim_ms_at_1m: many },
    ratios: { claim_at_1m_vs_1k: many / few },
  };
};

const snapshot = async (server) => {
  const { control, held, rounds } = await measureHeldSnapshot(server, size.snapshotSeconds);
  return {
    figures: { snapshot_control_per_s: control, snapshot_held_per_s: held, snapshot_rounds: rounds },
    ratios: { held_snapshot_loss: Math.max(0, 1 - held / control) },
  };
};

const create = async (server) => ({
  figures: await measureCreateLatency(server, size.latencyJobs),
  ratios: {},
});

const idle = async (server) => ({ figures: await measureIdleCost(server), ratios: {} });
const memory = async () => ({ figures: await measureMemory(), ratios: {} });

const parts = { drain: drains, latency: latencies, claim: claims, snapshot, create, idle, memory };

const server = await startServer();
const result = {
  machine: describeMachine(),
  versions: await describeVersions(server.url),
  size,
  figures: {},
  ratios: {},
};
/** A part that fails is missing from the result and said; the others go on. */
const runPart = async (name) => {
  process.stderr.write(`${name} `);
  try {
    const { figures, ratios } = await parts[name](server.url);
    Object.assign(result.figures, figures);
    Object.assign(result.ratios, ratios);
  } catch (error) {
    console.error(`\n${name} failed:`, error);
    process.exitCode = 1;
  }
  process.stderr.write('\n');
};

/** Written after each part, so that an interrupted run leaves what it has measured. */
const save = () => {
  if (options.json !== undefined)
    writeFileSync(resolve(options.json), `${JSON.stringify(result, null, 2)}\n`);
};

for (const name of options.only.split(',')) {
  await runPart(name);
  save();
}
await server.stop();
printReport(result);
process.exit();
