import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { migratePostgres } from '../../packages/postgres/dist/index.js';
import { createDatabase, dropDatabase, onDatabase, rowsWritten } from '../queue/server.mjs';
import { log, newJob, open } from '../queue/systems/job-orchestrator.mjs';
import { createNamespace } from './cluster.mjs';
import { startFleet } from './fleet.mjs';
import { endlessSpec, spec } from './launches.mjs';

const script = fileURLToPath(new URL('./held-executor.mjs', import.meta.url));
const config = { maxRunning: 10_100, launchRatePerSecond: 200, batchSize: 200 };
const context = { actor: 'bench', reason: 'benchmark' };
const settleMs = 20_000;
const apiDownMs = 5_000;

const startChild = async (options) => {
  const child = fork(script, [JSON.stringify(options)], { execArgv: ['--expose-gc'] });
  await once(child, 'message');
  return {
    report: async () => {
      child.send('report');
      return (await once(child, 'message'))[0];
    },
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
};

const sum = (requests) => Object.values(requests).reduce((total, count) => total + count, 0);

/** What an executor holds and does with many jobs that run and do not change. */
const createHeld = async (serverUrl, fleet) => {
  const databaseUrl = await createDatabase(serverUrl);
  await migratePostgres({ url: databaseUrl, log });
  const database = await open(databaseUrl);
  const namespace = (await createNamespace(fleet.kubeconfig)).name;
  const options = { databaseUrl, kubeconfig: fleet.kubeconfig, namespace, config };
  const ask = async (sql) => (await onDatabase(databaseUrl, sql))[0].answer;
  const until = async (sql, wanted) => {
    const before = performance.now();
    while ((await ask(sql)) !== wanted) await pause(250);
    return (performance.now() - before) / 1000;
  };
  const submit = (count, which) =>
    database.queue.insertJobs(
      Array.from({ length: count }, () => ({ ...newJob(), spec: which })),
      context,
    );
  return {
    start: () => startChild(options),
    /** Raises the number of running jobs to `count`; resolves with the seconds that it took. */
    fill: async (count) => {
      const known = await ask('select count(*)::int as answer from jobs');
      await submit(count - known, endlessSpec);
      database.wakeUps.send('jobs');
      return until("select count(*)::int as answer from jobs where attempt_state = 'running'", count);
    },
    /** Seconds until a new job has been submitted, run and ended. */
    oneMore: async () => {
      const ended = await ask('select count(*)::int as answer from finished_jobs');
      await submit(1, spec);
      database.wakeUps.send('jobs');
      return until('select count(*)::int as answer from finished_jobs', ended + 1);
    },
    /** Seconds until nothing live belongs to whom it belongs now. */
    adopted: async () => {
      const owner = await ask('select owner as answer from jobs where owner is not null limit 1');
      return () => until(`select count(*)::int as answer from jobs where owner = '${owner}'`, 0);
    },
    secondAttempts: () => ask('select count(*)::int as answer from jobs where attempt > 1'),
    rows: () => rowsWritten(databaseUrl),
    database,
    close: async () => {
      await database.close();
      await dropDatabase(serverUrl, databaseUrl);
    },
  };
};

/** Requests and rows of a time in which nothing changes, a minute's worth. */
const measureQuiet = async (held, child, seconds) => {
  await child.report();
  const [rows, before] = [await held.rows(), await child.report()];
  await pause(seconds * 1_000);
  const after = await child.report();
  const perMinute = 60 / seconds;
  process.stderr.write(`quiet: ${JSON.stringify(after.requests)}\n`);
  return {
    held_api_requests_per_min: sum(after.requests) * perMinute,
    held_rows_written_per_min: ((await held.rows()) - rows) * perMinute,
    held_cpu_percent: ((after.cpuSeconds - before.cpuSeconds) / seconds) * 100,
  };
};

/** The API server is killed and comes back: what it costs, and how long until the next job runs. */
const measureRestart = async (held, child, fleet) => {
  const writes = ['POST jobs', 'DELETE jobs', 'PATCH jobs'];
  await child.report();
  fleet.stopApi();
  await pause(apiDownMs);
  fleet.startApi();
  const recovered = await held.oneMore();
  await pause(settleMs);
  const { requests, maxRss } = await child.report();
  process.stderr.write(`restart: ${JSON.stringify(requests)}\n`);
  const [created, deleted, changed] = writes.map((kind) => requests[kind] ?? 0);
  return {
    restart_next_job_s: recovered,
    restart_api_requests: sum(requests),
    restart_jobs_created: created - 1,
    restart_jobs_deleted: Math.max(0, deleted - 1),
    restart_jobs_changed: changed,
    restart_second_attempts: await held.secondAttempts(),
    held_resident_peak_mb: maxRss / 2 ** 20,
  };
};

/** The executor is killed and another takes over: from its start, the nine seconds of the lease included. */
const measureAdoption = async (held, child) => {
  const untilAdopted = await held.adopted();
  await child.kill();
  const before = performance.now();
  const next = await held.start();
  await untilAdopted();
  const seconds = (performance.now() - before) / 1000;
  await pause(settleMs);
  const { requests, rss, maxRss } = await next.report();
  process.stderr.write(`adoption: ${JSON.stringify(requests)}\n`);
  const reads = /^GET (jobs|pods|events)( watch)?$/;
  const perJob = Object.entries(requests).filter(([kind]) => !reads.test(kind));
  await next.kill();
  return {
    adopt_s: seconds,
    adopt_api_requests: sum(requests),
    adopt_api_requests_not_lists: sum(Object.fromEntries(perJob)),
    adopt_second_attempts: await held.secondAttempts(),
    adopt_resident_mb: rss / 2 ** 20,
    adopt_resident_peak_mb: maxRss / 2 ** 20,
  };
};

/** Many jobs that run at the same time on one executor: memory, requests and rows for each, and a restart of the API server. */
export const measureHeld = async (
  server,
  { quick, jobs = quick ? 500 : 10_000, nodes = quick ? 20 : 1_000 },
) => {
  const fleet = startFleet(nodes);
  const held = await createHeld(server.url, fleet);
  const child = await held.start();
  const marks = [jobs / 5, (jobs * 3) / 5, jobs];
  const memory = [];
  let seconds = 0;
  for (const mark of marks) {
    seconds += await held.fill(mark);
    await pause(settleMs);
    const report = await child.report();
    memory.push(report.live);
    process.stderr.write(`${mark} run after ${seconds.toFixed(0)} s: ${JSON.stringify(report)}\n`);
  }
  const perJob = (from, to) => (memory[to] - memory[from]) / (marks[to] - marks[from]);
  const quiet = await measureQuiet(held, child, quick ? 20 : 60);
  const restart = await measureRestart(held, child, fleet);
  const after = await child.report();
  const adoption = await measureAdoption(held, child);
  await held.close();
  fleet.stop();
  return {
    versions: { kwok: '0.7.0' },
    size: { held: { jobs, nodes } },
    figures: {
      bytes_per_running_job: perJob(0, 2),
      bytes_per_running_job_first_half: perJob(0, 1),
      bytes_per_running_job_second_half: perJob(1, 2),
      held_resident_mb: after.rss / 2 ** 20,
      held_fill_per_s: jobs / seconds,
      ...quiet,
      ...restart,
      ...adoption,
    },
    ratios: {},
  };
};
