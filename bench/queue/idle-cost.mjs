import { setTimeout as pause } from 'node:timers/promises';
import { isCreate, onFakeKubernetes } from './kubernetes.mjs';
import { onDatabase } from './server.mjs';
import { enqueue } from './systems/job-orchestrator.mjs';

const jobs = 1_000;
const settleMs = 15_000;
const watchedMs = 60_000;

/** Rows written so far, leases apart: one row per executor and beat, whatever the number of jobs. */
const rowsWritten = async (url) => {
  const [{ written }] = await onDatabase(
    url,
    'select pg_stat_clear_snapshot()',
    `select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::int as written
     from pg_stat_user_tables where relname <> 'executors'`,
  );
  return written;
};

/** What an executor with 1,000 open attempts does in a minute in which nothing changes. */
export const measureIdleCost = (serverUrl) =>
  onFakeKubernetes(
    serverUrl,
    { launchRatePerSecond: 1_000, batchSize: 100 },
    async ({ url, database, api }) => {
      const before = api.requests.filter(isCreate).length;
      await enqueue(database, jobs);
      database.wakeUps.send('jobs');
      await api.until(() => api.requests.filter(isCreate).length >= before + jobs, 60_000);
      await pause(settleMs);
      const [requests, rows] = [api.requests.length, await rowsWritten(url)];
      await pause(watchedMs);
      return {
        idle_1000_jobs_api_requests_per_min: api.requests.length - requests,
        idle_1000_jobs_rows_written_per_min: (await rowsWritten(url)) - rows,
      };
    },
  );
