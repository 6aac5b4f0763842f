import { setTimeout as pause } from 'node:timers/promises';
import { createKubernetesRuntime } from '../../packages/k8s-client/dist/index.js';
import { startFakeApiServer } from '../../packages/k8s-client/dist/testing/index.js';
import { migratePostgres } from '../../packages/postgres/dist/index.js';
import { createDatabase, dropDatabase } from './server.mjs';
import { startExecutor, systemClock } from './no-op-executor.mjs';
import { percentile } from './statistics.mjs';
import { enqueue, log, open } from './systems/job-orchestrator.mjs';

const isCreate = ({ method, path }) => method === 'POST' && path.endsWith('/jobs');

const credentialsFor = (server) => ({
  server,
  source: 'bench',
  identity: async () => ({ headers: {}, tls: {} }),
  invalidate: () => undefined,
});

/**
 * Milliseconds from before the submit until a create request stands whole at the API server. The server is a fake on
 * the same machine: what it costs a real one to store the object is not ours.
 */
export const measureCreateLatency = async (serverUrl, count) => {
  const url = await createDatabase(serverUrl);
  await migratePostgres({ url, log });
  const database = await open(url);
  const api = await startFakeApiServer();
  const installation = await database.queue.installation();
  const runtime = await createKubernetesRuntime({
    namespace: 'bench',
    credentials: credentialsFor(api.url),
    installation,
    log,
    clock: systemClock,
  });
  const executor = await startExecutor(database, runtime);
  const creates = () => api.requests.filter(isCreate);
  const latencies = [];
  while (latencies.length < count) {
    const known = creates().length;
    const before = performance.now();
    await enqueue(database, 1);
    database.wakeUps.send('jobs');
    await api.until(() => creates().length > known);
    latencies.push(creates()[known].atMs - before);
    await pause(50 + 100 * Math.random());
  }
  await executor.drain(0);
  executor.stop();
  await runtime.close();
  await api.close();
  await database.close();
  await dropDatabase(serverUrl, url);
  return {
    create_latency_ms_p50: percentile(latencies, 0.5),
    create_latency_ms_p99: percentile(latencies, 0.99),
  };
};
