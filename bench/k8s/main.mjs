// Jobs through the orchestrator beside the same plain Jobs from a bare loop, on one cluster in one run.
// bench/run k8s [--json FILE] [--quick]; takes KUBECONFIG, else the cluster of e2e/cluster.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeMachine } from '../queue/machine.mjs';
import { printReport } from '../queue/report.mjs';
import { startServer } from '../queue/server.mjs';
import { median, percentile } from '../queue/statistics.mjs';
import { fanBare, runBare } from './bare.mjs';
import { connect, createNamespace } from './cluster.mjs';
import { startOurs } from './ours.mjs';

const { values: options } = parseArgs({
  options: { json: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const size = options.quick ? { jobs: 20, fan: 8, rounds: 1 } : { jobs: 100, fan: 40, rounds: 3 };

const server = await startServer();
const cluster = await connect();
const namespace = createNamespace();
const ours = await startOurs(server.url, cluster, namespace.name);
// One of each first: nobody's first connection counts.
await runBare(cluster, namespace.name, 1);
await ours.run(1);

const times = { bare: [], ours: [], fanBare: [], fanOurs: [], requestsPerJob: [] };
for (let round = 0; round < size.rounds; round += 1) {
  times.bare.push(await runBare(cluster, namespace.name, size.jobs));
  const { seconds, requests } = await ours.run(size.jobs);
  times.ours.push(seconds);
  await pause(3_000); // the objects of the last jobs are deleted after their ends are recorded
  times.requestsPerJob.push(requests() / size.jobs);
  times.fanBare.push(await fanBare(cluster, namespace.name, size.fan));
  times.fanOurs.push(await ours.fan(size.fan));
  process.stderr.write('.');
}
process.stderr.write('\n');

const result = {
  machine: describeMachine(),
  versions: { kubernetes: cluster.version, node: process.versions.node },
  size,
  figures: {
    kubelet_bare_per_s: size.jobs / median(times.bare),
    kubelet_ours_per_s: size.jobs / median(times.ours),
    fan_bare_s: median(times.fanBare),
    fan_ours_s: median(times.fanOurs),
    api_calls_per_job: median(times.requestsPerJob),
    finish_latency_ms_p50: percentile(ours.latencies, 0.5),
    finish_latency_ms_p99: percentile(ours.latencies, 0.99),
  },
  ratios: {
    kubelet_rate_vs_bare: median(times.bare) / median(times.ours),
    fan_makespan_vs_bare: median(times.fanOurs) / median(times.fanBare),
  },
};
await ours.stop();
namespace.remove();
await cluster.client.close();
await server.stop();
if (options.json !== undefined) writeFileSync(resolve(options.json), `${JSON.stringify(result, null, 2)}\n`);
printReport(result);
process.exit();
