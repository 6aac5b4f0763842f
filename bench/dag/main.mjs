// DAG runs through the whole path, beside pg-boss `flow()` and BullMQ flows where these can express the shape.
// bench/run dag [--json FILE] [--quick] [--rounds N] [--only plan,wide,layered,chain,latency,memory]
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { describeMachine, describeVersions, installedVersion } from '../queue/machine.mjs';
import { printReport } from '../queue/report.mjs';
import { createDatabase, dropDatabase, startServer } from '../queue/server.mjs';
import { median } from '../queue/statistics.mjs';
import { measurePlanning } from './plan.mjs';
import { startRedis } from './redis.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', default: 'plan,wide,layered,chain,latency,memory' },
  },
});
const size = options.quick
  ? { nodes: 1_000, rounds: 1, secondsMost: 20, planMost: 10_000, latencyNodes: 100, memoryNodes: 10_000 }
  : {
      nodes: 10_000,
      rounds: 3,
      secondsMost: 60,
      planMost: 100_000,
      latencyNodes: 1_000,
      memoryNodes: 100_000,
    };

if (options.rounds !== undefined) size.rounds = Number(options.rounds);

/** A figure of memory counts only for a run that came to its end. */
const memorySecondsMost = 300;

const exec = promisify(execFile);
const script = fileURLToPath(new URL('run-one.mjs', import.meta.url));
const server = await startServer();
const redis = await startRedis();
if (redis === null) console.error('no redis-server or valkey-server here: goes on without BullMQ');

/** It adds a flow by recursion: a chain of 10,000 takes more than the 1 MB of stack that Node gives by default. */
const nodeOptions = { bullmq: ['--stack-size=7000'] };

const runOne = async (system, work, count, secondsMost = size.secondsMost) => {
  const url = system === 'bullmq' ? redis.url : await createDatabase(server.url);
  const { stdout } = await exec(
    process.execPath,
    [...(nodeOptions[system] ?? []), script, system, work, url, String(count), String(secondsMost)],
    { maxBuffer: 2 ** 24 },
  );
  if (system === 'bullmq') await redis.empty();
  else await dropDatabase(server.url, url);
  process.stderr.write('.');
  return JSON.parse(stdout);
};

/** Which shapes each system can express. */
const able = {
  'job-orchestrator': ['wide', 'layered', 'chain'],
  'pg-boss': ['wide', 'layered', 'chain'],
  ...(redis === null ? {} : { bullmq: ['wide', 'chain'] }),
};

const measureShape = async (shape) => {
  const systems = Object.keys(able).filter((system) => able[system].includes(shape));
  const results = Object.fromEntries(systems.map((system) => [system, []]));
  for (let round = 0; round < size.rounds; round += 1)
    for (const system of systems) results[system].push(await runOne(system, shape, size.nodes));
  const rates = Object.fromEntries(
    systems.map((system) => [system, median(results[system].map(({ nodesPerSecond }) => nodesPerSecond))]),
  );
  const ours = rates['job-orchestrator'];
  const peers = systems.filter((system) => system !== 'job-orchestrator');
  return {
    figures: Object.fromEntries([
      [`nodes_per_second_${shape}`, ours],
      ...peers.map((peer) => [`nodes_per_second_${shape}_${peer}`, rates[peer]]),
      [`step_ms_most_${shape}`, median(results['job-orchestrator'].map(({ stepMsMost }) => stepMsMost))],
    ]),
    ratios: Object.fromEntries(
      peers.map((peer) => [`nodes_per_second_${shape}_vs_${peer}`, ours / rates[peer]]),
    ),
  };
};

const parts = {
  plan: async () => measurePlanning({ width: size.nodes, most: size.planMost }),
  wide: () => measureShape('wide'),
  layered: () => measureShape('layered'),
  chain: () => measureShape('chain'),
  latency: async () => {
    const together = await runOne('job-orchestrator', 'latency', size.latencyNodes);
    const apart = await runOne('job-orchestrator', 'latency-apart', size.latencyNodes);
    return {
      figures: {
        child_latency_ms_p50: together.p50,
        child_latency_ms_p99: together.p99,
        child_latency_apart_ms_p50: apart.p50,
        child_latency_apart_ms_p99: apart.p99,
      },
      ratios: {},
    };
  },
  memory: async () => {
    const { memoryMbMost, nodesPerSecond, nodesEnded } = await runOne(
      'job-orchestrator',
      'layered',
      size.memoryNodes,
      memorySecondsMost,
    );
    if (nodesEnded < size.memoryNodes) throw new Error(`only ${nodesEnded} nodes ended in time`);
    const name = `${size.memoryNodes / 1_000}k_nodes`;
    return {
      figures: { [`resident_mb_most_${name}`]: memoryMbMost, [`nodes_per_second_${name}`]: nodesPerSecond },
      ratios: {},
    };
  },
};

const result = {
  machine: describeMachine(),
  versions: {
    ...(await describeVersions(server.url)),
    ...(redis === null ? {} : { bullmq: installedVersion('bullmq'), [redis.program]: redis.version }),
  },
  size,
  figures: {},
  ratios: {},
};

for (const name of options.only.split(',')) {
  process.stderr.write(`${name} `);
  try {
    const { figures, ratios } = await parts[name]();
    Object.assign(result.figures, figures);
    Object.assign(result.ratios, ratios);
    const { nodes_per_second_wide: wide, nodes_per_second_layered: layered } = result.figures;
    // A chain is bound by latency: it has a figure of its own.
    if (wide !== undefined && layered !== undefined)
      result.figures.nodes_per_second = Math.min(wide, layered);
  } catch (error) {
    console.error(`\n${name} failed:`, error);
    process.exitCode = 1;
  }
  process.stderr.write('\n');
  if (options.json !== undefined)
    writeFileSync(resolve(options.json), `${JSON.stringify(result, null, 2)}\n`);
}
await redis?.stop();
await server.stop();
printReport(result);
process.exit();
