import { failure, jobId, type JobId } from '@job-orchestrator/types';
import { plainArray, textArrayOrNull } from '../connection/literals.ts';
import { onlyRow, type Sql, type Statement } from '../connection/sql.ts';

const promoteStatement: Statement = {
  name: 'promote_due',
  text: `
with due as materialized (
  select id from jobs where queue = 'scheduled' and run_at <= clock_timestamp() order by run_at limit 500
  for update skip locked
),
promoted as (
  update jobs j set queue = 'pending', event_seq = j.event_seq + 1
  where j.id = any(array(select id from due limit $1))
  returning j.id, j.event_seq, nullif(j.attempt, 0) as attempt
),
told as (
  insert into events (job_id, seq, at, kind, attempt, actor, reason)
  select id, event_seq, clock_timestamp(), 'promoted', attempt, 'system', 'its time has come' from promoted
)
select count(*) as promoted from promoted`,
};

/** Moves due jobs to `pending`, at most 500 at once. */
export const promoteDue = async (sql: Sql, limit: number): Promise<number> =>
  onlyRow(await sql.run<{ promoted: number }>(promoteStatement, [limit])).promoted;

/** Looks at the 1,000 earliest only: waking too early is harmless, walking a million rows of other topics is not. */
const nextDueStatement: Statement = {
  name: 'next_due',
  text: `
with earliest as materialized (
  select run_at, topic_id from jobs where queue = 'scheduled' order by run_at limit 1000
)
select extract(epoch from greatest(n.due, n.now) - n.now)::float8 * 1000 as "inMs" from (
  select clock_timestamp() as now, coalesce(
    (select min(e.run_at) from earliest e join topics t on t.id = e.topic_id
     where $1::text[] is null or t.name = any($1)),
    (select max(run_at) from earliest having count(*) = 1000)) as due) n
where n.due is not null`,
};

/** In how many milliseconds the next scheduled job of these topics is due; null: none. */
export const nextDue = async (sql: Sql, topics: readonly string[] | null): Promise<number | null> => {
  const [row] = await sql.run<{ inMs: number }>(nextDueStatement, [textArrayOrNull(topics)]);
  return row?.inMs ?? null;
};

const expireStatement: Statement = {
  name: 'expire_queued',
  text: `
with due as materialized (
  select * from jobs where case queue when 'pending' then true end and expires_at <= clock_timestamp() order by expires_at limit 500
  for update skip locked
),
ending as materialized (select *, clock_timestamp() as end_at from due limit $1),
finished as (
  insert into finished_jobs (id, topic_id, state, rank, run_at, finished_at, event_seq, attempt, used_user,
    used_infrastructure, used_output, used_unknown, used_out_of_memory, dag_run_id, failure, ended_by, end_reason)
  select id, topic_id, 'failed', rank, run_at, end_at, event_seq + 1, attempt, used_user, used_infrastructure,
    used_output, used_unknown, used_out_of_memory, dag_run_id, $2::json, 'system', $3 from ending
),
gone as (delete from jobs where id = any(array(select id from ending)) returning 1)
select array(select id from ending)::text[] as ids,
  accounted('jobs', (select count(*) from ending), (select count(*) from gone)) as accounted`,
};

const queueDeadline = failure('queue_deadline', 'no executor took the job in time');

/** Fails jobs that waited past their deadline, at most 500 at once. */
export const expireQueued = async (sql: Sql, limit: number): Promise<readonly JobId[]> => {
  const rows = await sql.run<{ ids: readonly string[] }>(expireStatement, [
    limit,
    JSON.stringify(queueDeadline),
    queueDeadline.message,
  ]);
  return onlyRow(rows).ids.map(jobId);
};

/** How many jobs wait in a topic, counted up to `most`. */
export const countWaiting = async (
  sql: Sql,
  project: string,
  topic: string,
  most: number,
): Promise<number> => {
  const rows = await sql.run<{ waiting: number }>(
    {
      text: `
select (select count(*) from (select 1 from jobs j where j.topic_id = t.id and j.queue = 'pending' limit $3) p)
     + (select count(*) from (select 1 from jobs j where j.topic_id = t.id and j.queue = 'scheduled' limit $3) s)
       as waiting
from topics t where t.project = $1 and t.name = $2`,
    },
    [project, topic, most],
  );
  return rows[0]?.waiting ?? 0;
};

/** Which of these jobs stand in the database, live or finished. */
export const knownJobs = async (sql: Sql, ids: readonly JobId[]): Promise<number> =>
  onlyRow(
    await sql.run<{ known: number }>(
      {
        text: `select count(*) as known from job_specs where id = any($1::uuid[])`,
      },
      [plainArray(ids)],
    ),
  ).known;
