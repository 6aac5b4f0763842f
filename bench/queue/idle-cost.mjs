import { setTimeout as pause } from 'node:timers/promises';
import { isCreate, onFakeKubernetes } from './kubernetes.mjs';
import { rowsWritten } from './server.mjs';
import { enqueue } from './systems/job-orchestrator.mjs';

const jobs = 1_000;
const settleMs = 15_000;
const watchedMs = 60_000;

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
