import type {
  DagRunId,
  DueSchedule,
  FiringOutcome,
  FiringRecord,
  ScheduleRecord,
  SkippedTimes,
} from '@job-orchestrator/types';
import type { Sql } from '../../connection/sql.ts';
import { scheduleColumns } from './definitions.ts';

type DueRow = Omit<ScheduleRecord, 'nextAt'> & { readonly nextAt: Date; now: Date; open: number };

/** Schedules whose time has come, the longest due first. */
export const dueSchedules = async (sql: Sql, limit: number): Promise<readonly DueSchedule[]> => {
  const text = `
select ${scheduleColumns}, clock_timestamp() as now, (
  select count(*)::integer from dag_runs r
  where r.schedule_id = s.id and r.finished_at is null and r.backfill_id is null) as open
from schedules s join dags d on d.id = s.dag_id
where s.next_at <= clock_timestamp() and s.paused_at is null order by s.next_at limit $1`;
  const rows = await sql.run<DueRow & Record<string, unknown>>({ name: 'due_schedules', text }, [limit]);
  return rows.map(({ now, open, ...schedule }) => ({ schedule, now, open }));
};

/** In how many milliseconds the next time comes that has not come yet; null: none. */
export const nextInMs = async (sql: Sql): Promise<number | null> => {
  const text = `
select extract(epoch from next_at - clock_timestamp())::float8 * 1000 as "inMs" from schedules
where next_at > clock_timestamp() and paused_at is null order by next_at limit 1`;
  const [row] = await sql.run<{ inMs: number }>({ name: 'schedules_next_in', text });
  return row?.inMs ?? null;
};

/** Moves a schedule on to its next time, if it still stands where the step was planned; it is locked then. */
export const moveOn = async (
  sql: Sql,
  { id, revision, nextAt }: Pick<ScheduleRecord, 'id' | 'revision' | 'nextAt'>,
  next: Date | null,
): Promise<boolean> => {
  const text = `
update schedules set next_at = $4::timestamptz
where id = $1 and revision = $2 and next_at = $3::timestamptz and paused_at is null returning 1`;
  const rows = await sql.run({ text }, [
    id,
    revision,
    nextAt?.toISOString() ?? null,
    next?.toISOString() ?? null,
  ]);
  return rows.length === 1;
};

interface NewFiring extends Omit<SkippedTimes, 'outcome'> {
  readonly outcome: FiringOutcome;
  readonly message: string | null;
  readonly runId: string | null;
}

/** Notes what became of times. Of a time that is known already (a schedule was put back) the first word stays. */
export const noteFiring = async (sql: Sql, schedule: number, firing: NewFiring): Promise<void> => {
  const text = `
insert into schedule_firings (schedule_id, scheduled_at, through_at, times, outcome, message, run_id)
values ($1, $2::timestamptz, $3::timestamptz, $4, $5, $6, $7)
on conflict do nothing`;
  const { from, through, times, outcome, message, runId } = firing;
  await sql.run({ text }, [
    schedule,
    from.toISOString(),
    through.toISOString(),
    times,
    outcome,
    message,
    runId,
  ]);
};

/** Asks for the end of the schedule's open runs, and marks them. */
export const cancelOpenRuns = async (sql: Sql, schedule: number, reason: string): Promise<void> => {
  const text = `
with changed as (
  update dag_runs set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()),
    cancel_reason = coalesce(cancel_reason, $2)
  where id = any(array(
    select id from dag_runs where schedule_id = $1 and finished_at is null and backfill_id is null order by id for update))
  returning id
)
insert into dag_due (run_id) select id from changed`;
  await sql.run({ text }, [schedule, reason]);
};

/** What became of the times of a schedule before `before`, the newest first. */
export const listFirings = (
  sql: Sql,
  schedule: number,
  before: string | null,
  limit: number,
): Promise<readonly FiringRecord[]> =>
  sql.run<FiringRecord & Record<string, unknown>>(
    {
      text: `
select scheduled_at as "scheduledAt", through_at as "throughAt", times, at, outcome, message, run_id as "runId"
from schedule_firings where schedule_id = $1 and ($2::timestamptz is null or scheduled_at < $2::timestamptz)
order by scheduled_at desc limit $3`,
    },
    [schedule, before, limit],
  );

/** True where the schedule has its own run for this time already. */
export const hasRun = async (sql: Sql, schedule: number, at: Date): Promise<DagRunId | null> => {
  const text = `
select id from dag_runs
where schedule_id = $1 and scheduled_at = $2::timestamptz and backfill_id is null and retry_of is null`;
  const [row] = await sql.run<{ id: DagRunId }>({ text }, [schedule, at.toISOString()]);
  return row?.id ?? null;
};
