import { randomUUID } from 'node:crypto';
import { renderJob } from '../../packages/k8s-client/dist/manifest.js';
import { launchOf } from './launches.mjs';
import { watch } from './cluster.mjs';

const inFlight = 8;
const label = 'bench/run';

/** The very manifest that we would send, under labels that no executor looks for. */
const plainJob = (run, installation) => {
  const job = renderJob(launchOf(installation, randomUUID()));
  const labels = { [label]: run };
  job.metadata.labels = labels;
  job.spec.template.metadata.labels = labels;
  return job;
};

const has = (job, condition) =>
  (job.status?.conditions ?? []).some(({ type, status }) => type === condition && status === 'True');

/**
 * Creates plain Jobs in a loop and waits for all; resolves with the seconds from the first create. `tidy`: each is deleted
 * once it is complete, as we do, instead of being left behind.
 */
export const runBare = async ({ ask, client }, namespace, count, { tidy = false } = {}) => {
  const path = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const run = randomUUID();
  const installation = randomUUID();
  const complete = new Set();
  const deletes = [];
  const remove = ({ metadata: { name } }) =>
    ask({ method: 'DELETE', path: `${path}/${name}`, body: { propagationPolicy: 'Background' } });
  let onEach = () => undefined;
  let onFailed = () => undefined;
  const all = new Promise((resolve, reject) => {
    onEach = () => complete.size === count && resolve();
    onFailed = ({ metadata: { name } }) => reject(new Error(`the Job ${name} of the bare loop failed`));
  });
  all.catch(() => undefined);
  const stop = await watch(
    client,
    `${path}?labelSelector=${encodeURIComponent(`${label}=${run}`)}`,
    (job) => {
      // A busy machine fails pods to start ("context deadline exceeded"); nobody retries those of a bare loop.
      if (has(job, 'Failed')) onFailed(job);
      if (!has(job, 'Complete') || complete.has(job.metadata.uid)) return;
      if (tidy) deletes.push(remove(job));
      complete.add(job.metadata.uid);
      onEach();
    },
  );
  const before = performance.now();
  let left = count;
  const lane = async () => {
    while (left-- > 0) await ask({ method: 'POST', path, body: plainJob(run, installation) });
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  await all;
  const seconds = (performance.now() - before) / 1000;
  stop();
  await Promise.all(deletes);
  return seconds;
};

/** Deletes what bare loops left behind. */
export const clearBare = ({ ask }, namespace) =>
  ask({
    method: 'DELETE',
    path: `/apis/batch/v1/namespaces/${namespace}/jobs?labelSelector=${encodeURIComponent(label)}`,
    body: { propagationPolicy: 'Background' },
  });

/** A fan of plain Jobs and one that joins them: seconds from the first create to the end of the last. */
export const fanBare = async (cluster, namespace, width) =>
  (await runBare(cluster, namespace, width)) + (await runBare(cluster, namespace, 1));
