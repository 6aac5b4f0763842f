import {
  jobId,
  type DagRunId,
  type DagRunState,
  type JobToCancel,
  type WriteContext,
} from '@job-orchestrator/types';
import { onlyRow, type Sql } from '../../connection/sql.ts';

/** What a change met: whether it was made, and the state of the run; null: there is no such run. */
export interface RunChange {
  readonly changed: boolean;
  readonly state: DagRunState;
}

const change = async (sql: Sql, set: string, id: DagRunId, more: readonly (string | boolean)[]) => {
  const text = `
with found as materialized (select id, state, finished_at from dag_runs where id = $1 for update),
changed as (
  update dag_runs r set ${set} from found f where r.id = f.id and f.finished_at is null returning r.id
),
marked as (insert into dag_due (run_id) select id from changed)
select f.state, exists (select from changed) as changed from found f`;
  const [row] = await sql.run<RunChange & Record<string, unknown>>({ text }, [id, ...more]);
  return row ?? null;
};

/** Asks for the end of an open run and marks it; the second time for that of its final nodes too. */
export const cancelRun = (sql: Sql, id: DagRunId, { reason }: WriteContext): Promise<RunChange | null> =>
  change(
    sql,
    `cancel_final = r.cancel_requested_at is not null, cancel_reason = coalesce(r.cancel_reason, $2),
     cancel_requested_at = coalesce(r.cancel_requested_at, clock_timestamp())`,
    id,
    [reason],
  );

/** Pauses or resumes an open run, and marks it. */
export const pauseRun = (sql: Sql, id: DagRunId, paused: boolean): Promise<RunChange | null> =>
  change(sql, 'paused_at = case when $2 then coalesce(r.paused_at, clock_timestamp()) end', id, [paused]);

/** Marks the open sub-DAGs of a run, at every depth: what holds it holds them. */
export const markChildren = async (sql: Sql, id: DagRunId): Promise<void> => {
  const text = `
with recursive below as (
  select id, finished_at from dag_runs where parent_run_id = $1
  union all
  select c.id, c.finished_at from below join dag_runs c on c.parent_run_id = below.id
)
insert into dag_due (run_id) select id from below where finished_at is null`;
  await sql.run({ text }, [id]);
};

/**
 * Marks open runs past their deadline that it would stop, and those that a full topic holds back. One that is at its final
 * nodes goes on: marked again and again, a hundred of them would hide the deadlines of all others.
 */
export const markOverdue = async (sql: Sql, limit: number): Promise<number> => {
  const text = `
with marked as (
  insert into dag_due (run_id)
  select r.id from dag_runs r
  where r.id = any(array(
    (select id from dag_runs where finished_at is null and stopping is null and deadline_at <= clock_timestamp()
       and progress ->> 'phase' = 'main'
     order by deadline_at limit $1)
    union (select id from dag_runs where held_topic is not null order by id limit $1)))
    and r.finished_at is null and not exists (select from dag_due d where d.run_id = r.id)
  order by r.deadline_at limit $1
  returning 1
)
select count(*)::integer as marked from marked`;
  return onlyRow(await sql.run<{ marked: number }>({ text }, [limit])).marked;
};

/**
 * Marks ends of which no mark is left: an end, its mark and what a step makes of it are each one transaction, so that one
 * statement sees them whole. It looks at the node runs of the 100 oldest open runs.
 */
export const markForgotten = async (sql: Sql, limit: number): Promise<number> => {
  const text = `
with marked as (
  insert into dag_due (run_id, job_id)
  select n.run_id, n.job_id
  from (select id from dag_runs where finished_at is null order by deadline_at limit 100) r
  cross join lateral (
    select run_id, job_id from node_runs
    where run_id = r.id and state = 'running' and job_id is not null and kept_from is null offset 0) n
  cross join lateral (select 1 from finished_jobs where id = n.job_id limit 1) f
  where not exists (select from dag_due d where d.run_id = n.run_id and d.job_id = n.job_id)
  limit $1
  returning 1
)
select count(*)::integer as marked from marked`;
  return onlyRow(await sql.run<{ marked: number }>({ text }, [limit])).marked;
};

/** Jobs of stopping node runs that nobody has asked to end yet; what stops them is their run, or else another item. */
export const jobsToCancel = async (sql: Sql, limit: number): Promise<readonly JobToCancel[]> => {
  const text = `
select j.id as job, coalesce('its DAG run stops: ' || (r.progress ->> 'stopText'),
  case when r.cancel_final then 'its DAG run was cancelled a second time' else 'another item of its node failed' end) as reason
from node_runs n cross join lateral (
  select id from jobs where id = n.job_id and cancel_requested_at is null limit 1) j
join dag_runs r on r.id = n.run_id
where n.stopping and n.state = 'running' order by n.run_id, n.node, n.item limit $1`;
  const rows = await sql.run<{ job: string; reason: string }>({ name: 'dag_jobs_to_cancel', text }, [limit]);
  return rows.map(({ job, reason }) => ({ job: jobId(job), reason }));
};
