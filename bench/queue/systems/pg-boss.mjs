import { once } from 'node:events';
import { PgBoss } from 'pg-boss';
import { onDatabase } from '../server.mjs';
import { untilZero } from '../until-zero.mjs';

const name = 'bench';

// Maintenance and schedules are off: they are not what is measured.
const open = async (url, options = {}) => {
  const boss = new PgBoss({ connectionString: url, max: 25, supervise: false, schedule: false, ...options });
  boss.on('error', (error) => {
    throw error;
  });
  await boss.start();
  return boss;
};

const close = (boss) => boss.stop({ graceful: false, close: true });

export const prepare = async (url) => {
  const boss = await open(url);
  await boss.createQueue(name);
  return {
    enqueue: (count) =>
      boss.insert(
        name,
        Array.from({ length: count }, (_, id) => ({ data: { id } })),
      ),
    close: () => close(boss),
  };
};

const unfinished = (url) => async () =>
  (await onDatabase(url, "select count(*)::int as n from pgboss.job where state <> 'completed'"))[0].n;

const workBatched = async (boss, onJobs) => {
  const options = {
    batchSize: 500,
    burstWhenBatchFull: true,
    localConcurrency: 4,
    pollingIntervalSeconds: 0.5,
  };
  await boss.work(name, options, async (jobs) => onJobs(jobs.length));
};

const workUnbatched = async (boss, onJobs) => {
  const loop = async () => {
    for (let jobs = await boss.fetch(name); jobs.length > 0; jobs = await boss.fetch(name)) {
      onJobs(jobs.length);
      await boss.complete(name, jobs[0].id);
    }
  };
  await Promise.all(Array.from({ length: 24 }, loop));
};

/** Seconds from the first job's start to the last job's recorded end. */
export const drain = async (url, count, mode) => {
  const boss = await open(url);
  let [started, begun] = [0, 0];
  const done = new EventTarget();
  const onJobs = (jobs) => {
    if (started === 0) begun = performance.now();
    started += jobs;
    if (started === count) done.dispatchEvent(new Event('all'));
  };
  const all = once(done, 'all');
  await (mode === 'batched' ? workBatched : workUnbatched)(boss, onJobs);
  await all;
  await untilZero(unfinished(url));
  const seconds = (performance.now() - begun) / 1000;
  await close(boss);
  return seconds;
};

/** A worker that waits for NOTIFY; `submit` resolves with the milliseconds from before the call to the job's start. */
export const latency = async (url) => {
  const boss = await open(url, { useListenNotify: true });
  await boss.updateQueue(name, { notify: true });
  let onStart = () => undefined;
  await boss.work(name, { batchSize: 1 }, async () => onStart(performance.now()));
  return {
    submit: async () => {
      const start = new Promise((resolve) => (onStart = resolve));
      const before = performance.now();
      await boss.send(name, {});
      return (await start) - before;
    },
    close: () => close(boss),
  };
};
