import { setTimeout as pause } from 'node:timers/promises';
import { isCreate, onFakeKubernetes } from './kubernetes.mjs';
import { percentile } from './statistics.mjs';
import { enqueue } from './systems/job-orchestrator.mjs';

/** Milliseconds from before one submit until its create request stands at the API server. */
const measureOne = async ({ database, api }) => {
  const creates = () => api.requests.filter(isCreate);
  const known = creates().length;
  const before = performance.now();
  await enqueue(database, 1);
  database.wakeUps.send('jobs');
  await api.until(() => creates().length > known);
  return creates()[known].atMs - before;
};

/** Jobs come 50 to 150 ms apart. What it costs a real API server to store the object is not ours. */
export const measureCreateLatency = (serverUrl, count) =>
  onFakeKubernetes(serverUrl, {}, async (installation) => {
    const latencies = [];
    while (latencies.length < count) {
      latencies.push(await measureOne(installation));
      await pause(50 + 100 * Math.random());
    }
    return {
      create_latency_ms_p50: percentile(latencies, 0.5),
      create_latency_ms_p99: percentile(latencies, 0.99),
    };
  });
