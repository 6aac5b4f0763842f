import { once } from 'node:events';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { onDatabase } from '../server.mjs';
import { untilZero } from '../until-zero.mjs';

const logger = new Logger(() => () => undefined);

// graphile-worker's own performance test uses these; without the local queue and batching it works job by job.
const batched = {
  localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};

const runner = (url, task, options) =>
  run({
    preset: { worker: { connectionString: url, maxPoolSize: 25, concurrentJobs: 24, logger, ...options } },
    taskList: { noop: task },
    noHandleSignals: true,
  });

export const prepare = async (url) => {
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  return {
    enqueue: (count) =>
      utils.addJobs(Array.from({ length: count }, (_, id) => ({ identifier: 'noop', payload: { id } }))),
    close: () => utils.release(),
  };
};

/** Seconds from the first job's start to the last job's recorded end. */
export const drain = async (url, count, mode) => {
  let [started, begun] = [0, 0];
  const done = new EventTarget();
  const task = async () => {
    if (started === 0) begun = performance.now();
    if (++started === count) done.dispatchEvent(new Event('all'));
  };
  const all = once(done, 'all');
  const working = await runner(url, task, mode === 'batched' ? batched : {});
  await all;
  await untilZero(
    async () => (await onDatabase(url, 'select count(*)::int as n from graphile_worker._private_jobs'))[0].n,
  );
  const seconds = (performance.now() - begun) / 1000;
  await working.stop();
  return seconds;
};

/** A worker that waits; `submit` resolves with the milliseconds from before the call to the job's start. */
export const latency = async (url) => {
  let onStart = () => undefined;
  const working = await runner(url, async () => onStart(performance.now()), {});
  return {
    submit: async () => {
      const start = new Promise((resolve) => (onStart = resolve));
      const before = performance.now();
      await working.addJob('noop', {});
      return (await start) - before;
    },
    close: () => working.stop(),
  };
};
