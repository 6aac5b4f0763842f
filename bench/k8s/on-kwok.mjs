import { median } from '../queue/statistics.mjs';
import { clearBare, runBare } from './bare.mjs';
import { connect, createNamespace, untilEmpty } from './cluster.mjs';
import { startFleet } from './fleet.mjs';
import { startOurs } from './ours.mjs';

/** No limit of ours may be what is measured: the control plane is. */
const config = { launchRatePerSecond: 1_000, batchSize: 200 };

/** Each round begins with another one. */
const inTurn = (all, round) => all.map((_, at) => all[(at + round) % all.length]);

/** Our rate beside a bare loop's where pods cost nothing: etcd, API server and controllers are the limit. */
export const measureOnKwok = async (
  server,
  { quick, rounds = quick ? 1 : 3, jobs = quick ? 100 : 1_000 },
) => {
  const size = { nodes: quick ? 50 : 1_000, jobs, rounds };
  const fleet = startFleet(size.nodes);
  const cluster = await connect(fleet.kubeconfig);
  const namespace = await createNamespace(fleet.kubeconfig);
  const ours = await startOurs(server.url, cluster, namespace.name, config);
  await runBare(cluster, namespace.name, 20);
  await ours.run(20);
  const times = { bare: [], tidy: [], ours: [] };
  const takers = {
    bare: () => runBare(cluster, namespace.name, size.jobs),
    ours: async () => (await ours.run(size.jobs)).seconds,
    tidy: () => runBare(cluster, namespace.name, size.jobs, { tidy: true }),
  };
  for (let round = 0; round < size.rounds; round += 1) {
    for (const [name, take] of inTurn(Object.entries(takers), round)) {
      // What the one before left behind, or what removes it, is not the next one's.
      await clearBare(cluster, namespace.name);
      await untilEmpty(cluster, namespace.name);
      times[name].push(await take());
    }
    process.stderr.write('.');
  }
  await ours.stop();
  await cluster.client.close();
  fleet.stop();
  return {
    versions: { kubernetes: cluster.version, kwok: '0.7.0' },
    size: { kwok: size },
    figures: {
      kwok_bare_per_s: size.jobs / median(times.bare),
      kwok_tidy_bare_per_s: size.jobs / median(times.tidy),
      kwok_ours_per_s: size.jobs / median(times.ours),
    },
    ratios: {
      kwok_rate_vs_bare: median(times.bare) / median(times.ours),
      kwok_rate_vs_tidy_bare: median(times.tidy) / median(times.ours),
    },
  };
};
