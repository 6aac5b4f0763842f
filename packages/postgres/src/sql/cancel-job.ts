import { failure, type JobId, type JobState, type WriteContext } from '@job-orchestrator/types';
import { onlyRow, type Sql, type Statement } from '../connection/sql.ts';

/** What a cancel met. `state` null: the job is not among the live ones. */
export interface CancelRow {
  readonly state: JobState | null;
}

/** State of a live job `j`. */
export const liveState = `case j.queue when 'live'
  then case when j.attempt_state in ('running', 'finalizing') then 'running' else 'claimed' end else j.queue end`;

/**
 * Locks a job. The statement that follows then sees what it locks: one that waited itself would start from the row of
 * before, and CHECK refuses a request on a pending row even where that row is outdated and would not have been stored.
 */
export const lockJob = async (sql: Sql, job: JobId): Promise<void> => {
  await sql.run({ name: 'lock_job', text: 'select from jobs where id = $1 for update' }, [job]);
};

/**
 * A waiting job moves into history as cancelled; a live one gets the request, once, and its event.
 * The row lock decides between this and an end that happens at the same time.
 */
const statement: Statement = {
  name: 'cancel_job',
  text: `
with locked as materialized (select * from jobs where id = $1 for update),
asked as (
  update jobs j set cancel_requested_at = clock_timestamp(), cancel_reason = $3, event_seq = j.event_seq + 1
  from locked l where j.id = l.id and l.queue = 'live' and l.cancel_requested_at is null
  returning j.id, j.event_seq, j.attempt
),
ending as materialized (select *, clock_timestamp() as end_at from locked where queue <> 'live'),
finished as (
  insert into finished_jobs (id, topic_id, state, rank, run_at, finished_at, event_seq, attempt, used_user,
    used_infrastructure, used_output, used_unknown, used_out_of_memory, cancel_requested_at, dag_run_id, failure,
    ended_by, end_reason)
  select id, topic_id, 'cancelled', rank, run_at, end_at, event_seq + 1, attempt, used_user, used_infrastructure,
    used_output, used_unknown, used_out_of_memory, end_at, dag_run_id, $4::json, $2, $3 from ending
),
gone as (delete from jobs where id = any(array(select id from ending)) returning 1),
told as (
  insert into events (job_id, seq, at, kind, attempt, actor, reason)
  select id, event_seq, clock_timestamp(), 'cancel_requested', attempt, $2, $3 from asked
)
select (select case when l.queue <> 'live' then 'cancelled' else (select ${liveState} from locked j) end
        from locked l) as state,
  accounted('jobs', (select count(*) from ending), (select count(*) from gone)) as accounted`,
};

/** Ends a waiting job, or asks for the end of a live one; in a transaction that has locked it. */
export const cancelJob = async (
  sql: Sql,
  job: JobId,
  { actor, reason }: WriteContext,
): Promise<CancelRow> => {
  const why = failure('cancelled', reason === '' ? 'cancelled as asked' : reason);
  return onlyRow(
    await sql.run<CancelRow & Record<string, unknown>>(statement, [job, actor, reason, JSON.stringify(why)]),
  );
};
