import { jobId, type JobId, type JobRecord } from '@job-orchestrator/types';
import { onlyRow, type Parameter, type Sql, type Statement } from '../connection/sql.ts';
import { liveState } from './cancel-job.ts';
import { toJobRecord, type JobRow } from './history-rows.ts';

const used = (table: string): string => `${table}.used_user as "usedUser",
  ${table}.used_infrastructure as "usedInfrastructure", ${table}.used_output as "usedOutput",
  ${table}.used_unknown as "usedUnknown", ${table}.used_out_of_memory as "usedOutOfMemory"`;

const submitted = `s.spec, s.created_at as "createdAt", s.created_by as "createdBy", s.retry_of as "retryOf",
  s.root_job_id as "rootJobId"`;

/** Between two attempts the newest one lies in `attempts`; so it does for a job that ended while it waited again. */
const earlier = (table: string): string =>
  `left join attempts a on a.job_id = ${table}.id and a.number = ${table}.attempt and ${table}.attempt_id is null`;

const liveStatement: Statement = {
  text: `
select j.id, t.project, t.name as topic, ${liveState} as state, j.rank, ${submitted}, j.run_at as "runAt",
  coalesce(j.started_at, a.started_at) as "startedAt", null::timestamptz as "finishedAt",
  a.finished_at as "attemptFinishedAt", j.cancel_requested_at as "cancelRequestedAt", j.attempt, coalesce(j.attempt_state, a.state) as "attemptState",
  j.waiting_reason as "waitingReason", j.waiting_message as "waitingMessage", ${used('j')}, a.exit_code as "exitCode",
  a.failure, null::json as output, null::integer as "outputBytes", null::text as "outputDigest"
from jobs j join job_specs s on s.id = j.id join topics t on t.id = j.topic_id ${earlier('j')}
where j.id = $1`,
};

const finishedStatement: Statement = {
  text: `
select f.id, t.project, t.name as topic, f.state, f.rank, ${submitted}, f.run_at as "runAt",
  coalesce(f.started_at, a.started_at) as "startedAt", f.finished_at as "finishedAt",
  coalesce(f.attempt_finished_at, a.finished_at) as "attemptFinishedAt", f.cancel_requested_at as "cancelRequestedAt", f.attempt, coalesce(f.attempt_state, a.state) as "attemptState",
  null::text as "waitingReason", null::text as "waitingMessage", ${used('f')},
  coalesce(f.exit_code, a.exit_code) as "exitCode", f.failure, f.output, f.output_bytes as "outputBytes",
  f.output_digest as "outputDigest"
from finished_jobs f join job_specs s on s.id = f.id join topics t on t.id = f.topic_id ${earlier('f')}
where f.id = $1`,
};

/** A live job; null when it is finished or unknown. */
export const liveJob = async (sql: Sql, id: JobId): Promise<JobRecord | null> => {
  const [row] = await sql.run<JobRow & Record<string, unknown>>(liveStatement, [id]);
  return row === undefined ? null : toJobRecord(row);
};

/** A finished job; null when it lives or is unknown. */
export const finishedJob = async (sql: Sql, id: JobId): Promise<JobRecord | null> => {
  const [row] = await sql.run<JobRow & Record<string, unknown>>(finishedStatement, [id]);
  return row === undefined ? null : toJobRecord(row);
};

const ids = async (sql: Sql, text: string, parameters: readonly Parameter[]): Promise<readonly JobId[]> => {
  const rows = await sql.run<{ id: string }>({ text }, parameters);
  return rows.map(({ id }) => jobId(id));
};

/** Ids that lie between two ids, newest first. */
export const idsBetween = (sql: Sql, least: string, most: string, limit: number): Promise<readonly JobId[]> =>
  ids(
    sql,
    `select id from ((select id from jobs where id between $1 and $2 order by id desc limit $3)
       union all (select id from finished_jobs where id between $1 and $2 order by id desc limit $3)) i
     order by id desc limit $3`,
    [least, most, limit],
  );

/** One page of a search by the end of an id: what fits, how many ids it looked at, and where the next page begins. */
export interface SuffixPage {
  readonly found: readonly JobId[];
  readonly looked: number;
  readonly least: string | null;
}

/**
 * Looks at `most` ids below `below`, newest first, for those that end so. An index by suffix would cost every insert a random
 * page: 4 µs of 28 at a bulk submit and 11 of 87 at claim and end (measured); this costs nothing until somebody asks.
 */
export const searchSuffix = async (
  sql: Sql,
  table: 'jobs' | 'finished_jobs',
  suffix: string,
  below: string | null,
  most: number,
  limit: number,
): Promise<SuffixPage> => {
  const rows = await sql.run<{ found: readonly string[]; looked: number; least: string | null }>(
    {
      text: `
with page as materialized (
  select id from ${table} where id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') order by id desc limit $3
)
select array(select id from page where right(id::text, length($1)) = $1 order by id desc limit $4)::text[] as found,
  (select count(*) from page) as looked, (select id::text from page order by id limit 1) as least`,
    },
    [suffix, below, most, limit],
  );
  const page = onlyRow(rows);
  return { ...page, found: page.found.map(jobId) };
};

/** The newest job's id, of one project or of all. */
export const latestJobId = async (sql: Sql, project: string | null): Promise<JobId | null> => {
  const part = (table: string): string =>
    `(select id from ${table} where $1::text is null or topic_id = any(array(select id from topics where project = $1))
      order by id desc limit 1)`;
  const [id] = await ids(
    sql,
    `select id from (${part('jobs')} union all ${part('finished_jobs')}) i order by id desc limit 1`,
    [project],
  );
  return id ?? null;
};
