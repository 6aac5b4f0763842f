import { createKubernetesRuntime } from '../../packages/k8s-client/dist/index.js';
import { startFakeApiServer } from '../../packages/k8s-client/dist/testing/index.js';
import { migratePostgres } from '../../packages/postgres/dist/index.js';
import { createDatabase, dropDatabase } from './server.mjs';
import { startExecutor, systemClock } from './no-op-executor.mjs';
import { log, open } from './systems/job-orchestrator.mjs';

const credentialsFor = (server) => ({
  server,
  source: 'bench',
  identity: async () => ({ headers: {}, tls: {} }),
  invalidate: () => undefined,
});

/** True for a request that creates an attempt's Job. */
export const isCreate = ({ method, path }) => method === 'POST' && path.endsWith('/jobs');

/** Runs `measure` on an executor over a fake Kubernetes API server on this machine, and a database of its own. */
export const onFakeKubernetes = async (serverUrl, config, measure) => {
  const url = await createDatabase(serverUrl);
  await migratePostgres({ url, log });
  const database = await open(url);
  const api = await startFakeApiServer();
  const runtime = await createKubernetesRuntime({
    namespace: 'bench',
    credentials: credentialsFor(api.url),
    installation: await database.queue.installation(),
    log,
    clock: systemClock,
  });
  const executor = await startExecutor(database, runtime, config);
  const measured = await measure({ url, database, api });
  await executor.drain(0);
  executor.stop();
  await runtime.close();
  await api.close();
  await database.close();
  await dropDatabase(serverUrl, url);
  return measured;
};
