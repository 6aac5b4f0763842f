// An executor in a process of its own, so that its memory is its own: node --expose-gc held-executor.mjs, forked.
// Asked 'report', it answers with its memory and the requests that left it since the last time.
import { subscribe } from 'node:diagnostics_channel';
import { createKubernetesRuntime, loadCredentials } from '../../packages/k8s-client/dist/index.js';
import { startExecutor, systemClock } from '../queue/no-op-executor.mjs';
import { open } from '../queue/systems/job-orchestrator.mjs';

const { databaseUrl, kubeconfig, namespace, config } = JSON.parse(process.argv[2]);
const say = (level) => (fields, message) =>
  process.stderr.write(`${level} ${message} ${JSON.stringify(fields)}\n`);
const nothing = () => undefined;
const log = { debug: nothing, info: say('info'), warn: say('warn'), error: say('error') };

/** What a request is of, without names: `POST jobs`, `GET pods watch`. */
const kindOf = ({ method, path }) => {
  const url = new URL(path, 'http://localhost');
  const [, resource, , part] = /\/namespaces\/[^/]+\/([^/]+)(\/[^/]+)?(\/[^/]+)?/.exec(url.pathname) ?? [];
  const watch = url.searchParams.has('watch') ? ' watch' : '';
  return `${method} ${resource ?? url.pathname}${part ?? ''}${watch}`;
};
let requests = {};
subscribe('undici:request:create', ({ request }) => {
  const kind = kindOf(request);
  requests[kind] = (requests[kind] ?? 0) + 1;
});

const database = await open(databaseUrl);
const credentials = await loadCredentials({
  inCluster: false,
  env: { ...process.env, KUBECONFIG: kubeconfig },
});
const runtime = await createKubernetesRuntime({
  namespace,
  credentials,
  installation: await database.queue.installation(),
  log,
  clock: systemClock,
  launchesPerSecond: config.launchRatePerSecond,
});
await startExecutor(database, runtime, config);

const report = () => {
  const { rss } = process.memoryUsage();
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const seconds = (userCPUTime + systemCPUTime) / 1e6;
  const answer = { rss, live: heapUsed + external, cpuSeconds: seconds, maxRss: maxRSS * 1024, requests };
  requests = {};
  return answer;
};
process.on('message', () => process.send(report()));
process.send('started');
