import { setTimeout as pause } from 'node:timers/promises';
import { median, percentile } from '../queue/statistics.mjs';
import { startArgo } from './argo.mjs';
import { fanBare, runBare } from './bare.mjs';
import { connect, createNamespace, kubeletCluster } from './cluster.mjs';
import { startOurs } from './ours.mjs';

const sizes = { full: { jobs: 100, fan: 40, rounds: 3 }, quick: { jobs: 20, fan: 8, rounds: 1 } };

/** Our rate and makespan beside a bare loop's, and Argo's makespan where `withArgo`, on a real kubelet, in turns. */
export const measureOnKubelet = async (server, { quick, rounds, withArgo }) => {
  const size = { ...sizes[quick ? 'quick' : 'full'], ...(rounds === undefined ? {} : { rounds }) };
  const cluster = await connect(kubeletCluster());
  const namespace = await createNamespace(cluster.kubeconfig);
  const ours = await startOurs(server.url, cluster, namespace.name);
  const argo = withArgo ? await startArgo(cluster) : null;
  // One of each first: nobody's first connection counts.
  await runBare(cluster, namespace.name, 1);
  await ours.run(1);
  await argo?.fan(1);

  const times = { bare: [], ours: [], fanBare: [], fanOurs: [], fanArgo: [], requestsPerJob: [] };
  for (let round = 0; round < size.rounds; round += 1) {
    if (!withArgo) {
      times.bare.push(await runBare(cluster, namespace.name, size.jobs));
      const { seconds, requests } = await ours.run(size.jobs);
      times.ours.push(seconds);
      await pause(3_000); // the objects of the last jobs are deleted after their ends are recorded
      times.requestsPerJob.push(requests() / size.jobs);
    }
    times.fanBare.push(await fanBare(cluster, namespace.name, size.fan));
    times.fanOurs.push(await ours.fan(size.fan));
    if (argo !== null) times.fanArgo.push(await argo.fan(size.fan));
    process.stderr.write('.');
  }
  await argo?.stop();
  await ours.stop();
  namespace.remove();
  await cluster.client.close();
  const fans = { fan_bare_s: median(times.fanBare), fan_ours_s: median(times.fanOurs) };
  if (withArgo)
    return {
      versions: { kubernetes: cluster.version, argo: argo.version },
      size: { argo: size },
      figures: { fan_argo_s: median(times.fanArgo), fan_ours_beside_argo_s: fans.fan_ours_s },
      ratios: { fan_makespan_vs_argo: fans.fan_ours_s / median(times.fanArgo) },
    };
  return {
    versions: { kubernetes: cluster.version },
    size: { kubelet: size },
    figures: {
      kubelet_bare_per_s: size.jobs / median(times.bare),
      kubelet_ours_per_s: size.jobs / median(times.ours),
      ...fans,
      api_calls_per_job: median(times.requestsPerJob),
      finish_latency_ms_p50: percentile(ours.latencies, 0.5),
      finish_latency_ms_p99: percentile(ours.latencies, 0.99),
    },
    ratios: {
      kubelet_rate_vs_bare: median(times.bare) / median(times.ours),
      fan_makespan_vs_bare: fans.fan_ours_s / fans.fan_bare_s,
    },
  };
};
