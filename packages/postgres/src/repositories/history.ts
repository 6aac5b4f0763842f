import {
  jobId,
  type JobExecutionHistoryRepository,
  resultName,
  type JobId,
  type JobWithAttempts,
  type OutputEntry,
  type OutputFile,
} from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Sql, Store } from '../connection/sql.ts';
import { listJobs } from '../sql/list-jobs.ts';
import { listFiles, readFile, readResult } from '../sql/output-files.ts';
import { getLogTail, listAttempts, listEvents } from '../sql/read-history.ts';
import { finishedJob, latestJobId, liveJob } from '../sql/read-jobs.ts';
import { pageOf } from './cursors.ts';
import { findIds } from './find-ids.ts';

/** A job that finishes between two reads stands in the second, so the live ones are read first. */
const getJob = async (sql: Sql, id: JobId) => (await liveJob(sql, id)) ?? (await finishedJob(sql, id));

/** One snapshot: read apart, a job that just ended would come with an attempt that still runs. */
const getJobWithAttempts = (store: Store, id: JobId): Promise<JobWithAttempts | null> =>
  store.transaction(async (sql) => {
    await sql.run({ text: 'set transaction isolation level repeatable read, read only' });
    const job = await getJob(sql, id);
    return job === null ? null : { job, attempts: await listAttempts(sql, id) };
  });

/** The result is kept with its job, as text; the other files have a table of their own. */
const listOutputs = async (sql: Sql, job: JobId): Promise<readonly OutputEntry[]> => {
  const [result, files] = [await readResult(sql, job), await listFiles(sql, job)];
  if (result === null) return files;
  const { bytes, digest } = result;
  return [...files, { name: resultName, bytes, digest }].toSorted((a, b) => (a.name < b.name ? -1 : 1));
};

const getOutput = async (sql: Sql, job: JobId, name: string): Promise<OutputFile | null> => {
  if (name !== resultName) return readFile(sql, job, name);
  const result = await readResult(sql, job);
  return result === null ? null : { name, content: Buffer.from(result.text), digest: result.digest };
};

/** The history on one database. */
export const createHistory = (store: Store): JobExecutionHistoryRepository => ({
  getJob: (id) => withRetries('repeatable', () => getJob(store, id)),
  getJobWithAttempts: (id) => withRetries('repeatable', () => getJobWithAttempts(store, id)),
  findJobIds: (part, limit) => withRetries('repeatable', () => findIds(store, part, limit)),
  latestJobId: (project) => withRetries('repeatable', () => latestJobId(store, project)),
  listJobs: (filter, page) =>
    pageOf(
      page,
      (after, limit) =>
        withRetries('repeatable', () =>
          listJobs(store, filter, after === null ? null : jobId(after[0] ?? ''), limit),
        ),
      ({ id }) => [id],
    ),
  listAttempts: (id) => withRetries('repeatable', () => listAttempts(store, id)),
  listEvents: (id, afterSeq, limit) =>
    withRetries('repeatable', () => listEvents(store, id, afterSeq, limit)),
  listOutputs: (job) => withRetries('repeatable', () => listOutputs(store, job)),
  getOutput: (job, name) => withRetries('repeatable', () => getOutput(store, job, name)),
  getLogTail: (job, attempt) => withRetries('repeatable', () => getLogTail(store, job, attempt)),
});
