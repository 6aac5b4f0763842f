import type {
  BackfillRecord,
  DueBackfill,
  JsonObject,
  NewBackfill,
  RunOfTime,
  ScheduleRecord,
  WriteContext,
} from '@job-orchestrator/types';
import { dateArray } from '../../connection/literals.ts';
import { onlyRow, type Parameter, type Sql } from '../../connection/sql.ts';
import { scheduleColumns } from './definitions.ts';

/** The newest run of each of these times of a schedule, whoever started it. */
export const runsOfTimes = (
  sql: Sql,
  schedule: number,
  times: readonly Date[],
): Promise<readonly RunOfTime[]> =>
  sql.run<RunOfTime & Record<string, unknown>>(
    {
      text: `
select distinct on (scheduled_at) scheduled_at as "scheduledAt", id as "runId", state from dag_runs
where schedule_id = $1 and scheduled_at = any($2::timestamptz[]) order by scheduled_at, id desc`,
    },
    [schedule, dateArray(times)],
  );

/** Stores a backfill with its times. */
export const insertBackfill = async (
  sql: Sql,
  { id, scheduleId, inputs, maxParallel, times }: NewBackfill,
  { actor, reason }: WriteContext,
): Promise<void> => {
  const text = `
with made as (
  insert into backfills (id, schedule_id, inputs, max_parallel, created_by, reason)
  values ($1, $2, $3::json, $4, $5, $6) returning id
)
insert into backfill_times (backfill_id, scheduled_at) select made.id, x from made, unnest($7::timestamptz[]) x`;
  await sql.run({ text }, [
    id,
    scheduleId,
    JSON.stringify(inputs),
    maxParallel,
    actor,
    reason,
    dateArray(times),
  ]);
};

const counted = (what: string): string => `count(*) filter (where ${what})::integer`;

const columns = `b.id, s.project, s.name as schedule, d.name as dag, b.max_parallel as "maxParallel",
  case when b.finished_at is null then 'running' when b.cancelled_at is not null then 'cancelled'
    when n.failed + n.cancelled + n.refused > 0 then 'failed' else 'completed' end as state,
  b.created_at as "createdAt", b.created_by as "createdBy", b.reason, b.cancelled_at as "cancelledAt",
  b.finished_at as "finishedAt", n.*`;

const counts = `
cross join lateral (
  select count(*)::integer as total, ${counted('t.run_id is null and t.refused is null')} as waiting,
    ${counted('t.refused is not null')} as refused, ${counted('r.id is not null and r.finished_at is null')} as open,
    ${counted("r.state = 'completed'")} as completed, ${counted("r.state = 'failed'")} as failed,
    ${counted("r.state = 'cancelled'")} as cancelled
  from backfill_times t left join dag_runs r on r.id = t.run_id where t.backfill_id = b.id) n`;

type BackfillRow = Omit<BackfillRecord, 'times'> & BackfillRecord['times'];

const toRecord = (row: BackfillRow): BackfillRecord => {
  const { total, waiting, refused, open, completed, failed, cancelled, ...rest } = row;
  return { ...rest, times: { total, waiting, refused, open, completed, failed, cancelled } };
};

const select = async (
  sql: Sql,
  rest: string,
  parameters: readonly Parameter[],
): Promise<readonly BackfillRecord[]> => {
  const text = `
select ${columns} from backfills b join schedules s on s.id = b.schedule_id join dags d on d.id = s.dag_id ${counts} ${rest}`;
  return (await sql.run<BackfillRow & Record<string, unknown>>({ text }, parameters)).map(toRecord);
};

export const readBackfill = async (sql: Sql, id: string): Promise<BackfillRecord | null> =>
  (await select(sql, 'where b.id = $1', [id]))[0] ?? null;

/** Backfills below `after`, newest first. */
export const listBackfills = (
  sql: Sql,
  project: string | null,
  dag: string | null,
  after: string | null,
  limit: number,
): Promise<readonly BackfillRecord[]> =>
  select(
    sql,
    `where ($1::text is null or s.project = $1) and ($2::text is null or d.name = $2) and ($3::uuid is null or b.id < $3)
     order by b.id desc limit $4`,
    [project, dag, after, limit],
  );

/** Ids that begin or end so, newest first. */
export const findBackfillIds = async (sql: Sql, part: string, limit: number): Promise<readonly string[]> => {
  const text = `
select id from backfills
where left(id::text, length($1)) = $1 or right(id::text, length($1)) = $1 order by id desc limit $2`;
  return (await sql.run<{ id: string }>({ text }, [part, limit])).map(({ id }) => id);
};

const openRuns = `(
  select count(*) from backfill_times t join dag_runs r on r.id = t.run_id
  where t.backfill_id = b.id and r.finished_at is null)`;

type DueRow = ScheduleRecord & { backfill: string; backfillInputs: JsonObject; at: Date };

/** Backfills with room for a run, each with its earliest time that has none, oldest first. */
export const dueBackfills = async (sql: Sql, limit: number): Promise<readonly DueBackfill[]> => {
  const text = `
select b.id as backfill, b.inputs as "backfillInputs", w.scheduled_at as at, ${scheduleColumns}
from backfills b join schedules s on s.id = b.schedule_id join dags d on d.id = s.dag_id
cross join lateral (
  select scheduled_at from backfill_times
  where backfill_id = b.id and run_id is null and refused is null order by scheduled_at limit 1) w
where b.finished_at is null and b.cancelled_at is null and ${openRuns} < b.max_parallel
order by b.id limit $1`;
  const rows = await sql.run<DueRow & Record<string, unknown>>({ text }, [limit]);
  return rows.map(({ backfill, backfillInputs, at, ...schedule }) => ({
    id: backfill,
    schedule,
    inputs: backfillInputs,
    at,
  }));
};

/** Locks a backfill; true where it may start another run. The room is counted by a statement younger than the lock. */
export const lockWithRoom = async (sql: Sql, id: string): Promise<boolean> => {
  const lock =
    'select 1 from backfills where id = $1 and finished_at is null and cancelled_at is null for update';
  if ((await sql.run({ text: lock }, [id])).length === 0) return false;
  const room = `select ${openRuns} < b.max_parallel as room from backfills b where b.id = $1`;
  return onlyRow(await sql.run<{ room: boolean }>({ text: room }, [id])).room;
};

/** Notes the run of a time, or why it gets none; false where that is noted already. */
export const noteTime = async (
  sql: Sql,
  id: string,
  at: Date,
  run: string | null,
  refused: string | null,
): Promise<boolean> => {
  const text = `
update backfill_times set run_id = $3, refused = $4
where backfill_id = $1 and scheduled_at = $2::timestamptz and run_id is null and refused is null returning 1`;
  return (await sql.run({ text }, [id, at.toISOString(), run, refused])).length === 1;
};

/** Cancels an open backfill: what has no run gets none; false where it had ended. */
export const cancelBackfill = async (sql: Sql, id: string): Promise<boolean> => {
  const text = `
update backfills set cancelled_at = coalesce(cancelled_at, clock_timestamp())
where id = $1 and finished_at is null returning 1`;
  return (await sql.run({ text }, [id])).length === 1;
};

/** Asks for the end of a backfill's open runs, and marks them. */
export const cancelRuns = async (sql: Sql, id: string, reason: string): Promise<void> => {
  const text = `
with changed as (
  update dag_runs set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()),
    cancel_reason = coalesce(cancel_reason, $2)
  where id = any(array(
    select r.id from backfill_times t join dag_runs r on r.id = t.run_id
    where t.backfill_id = $1 and r.finished_at is null order by r.id))
    and finished_at is null
  returning id
)
insert into dag_due (run_id) select id from changed`;
  await sql.run({ text }, [id, reason]);
};

/** Ends backfills of which nothing is open; returns how many go on. */
export const finishBackfills = async (sql: Sql): Promise<number> => {
  const text = `
with over as (
  update backfills b set finished_at = clock_timestamp()
  where b.finished_at is null and ${openRuns} = 0
    and (b.cancelled_at is not null
      or not exists (select from backfill_times t where t.backfill_id = b.id and t.run_id is null and t.refused is null))
  returning 1
)
select ((select count(*) from backfills where finished_at is null) - (select count(*) from over))::integer as open`;
  return onlyRow(await sql.run<{ open: number }>({ text })).open;
};
