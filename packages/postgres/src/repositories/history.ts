import {
  jobId,
  type JobExecutionHistoryRepository,
  type JobId,
  type JobWithAttempts,
} from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Sql, Store } from '../connection/sql.ts';
import { listJobs } from '../sql/list-jobs.ts';
import { getLogTail, listAttempts, listEvents } from '../sql/read-history.ts';
import { finishedJob, idsBetween, idsEndingWith, latestJobId, liveJob } from '../sql/read-jobs.ts';
import { pageOf } from './cursors.ts';

/** Newest jobs whose ids are searched by their end; about 60 ms at most. */
const suffixWindow = 200_000;

const hexDashed = /^[0-9a-f-]{1,36}$/;
const template = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The part with its dashes where a uuid has them; null where it cannot begin one. */
const asPrefix = (part: string): string | null => {
  const hex = part.replaceAll('-', '');
  const text = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  const dashed = text.slice(0, hex.length + [8, 12, 16, 20].filter((at) => hex.length > at).length);
  return dashed === part || `${dashed}-` === part || hex === part ? dashed : null;
};

const fill = (prefix: string, digit: string): string =>
  prefix + `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.slice(prefix.length).replaceAll('x', digit);

/** A job that finishes between two reads stands in the second, so the live ones are read first. */
const getJob = async (sql: Sql, id: JobId) => (await liveJob(sql, id)) ?? (await finishedJob(sql, id));

/** One snapshot: read apart, a job that just ended would come with an attempt that still runs. */
const getJobWithAttempts = (store: Store, id: JobId): Promise<JobWithAttempts | null> =>
  store.transaction(async (sql) => {
    await sql.run({ text: 'set transaction isolation level repeatable read, read only' });
    const job = await getJob(sql, id);
    return job === null ? null : { job, attempts: await listAttempts(sql, id) };
  });

const findIds = async (store: Store, part: string, limit: number): Promise<readonly JobId[]> => {
  if (!hexDashed.test(part)) return [];
  const prefix = asPrefix(part);
  const least = prefix === null ? '' : fill(prefix, '0');
  const starting = template.test(least) ? await idsBetween(store, least, fill(prefix ?? '', 'f'), limit) : [];
  const ending = part.length < 36 ? await idsEndingWith(store, part, suffixWindow, limit) : [];
  return [...new Set([...starting, ...ending])].toSorted().toReversed().slice(0, limit);
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
  getLogTail: (job, attempt) => withRetries('repeatable', () => getLogTail(store, job, attempt)),
});
