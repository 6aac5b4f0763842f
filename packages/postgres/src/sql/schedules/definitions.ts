import type { NewSchedule, ScheduleRecord, WriteContext } from '@job-orchestrator/types';
import { onlyRow, type Parameter, type Sql } from '../../connection/sql.ts';

type ScheduleRow = ScheduleRecord & Record<string, unknown>;

/** The columns of `ScheduleRecord`, of `schedules s` joined with `dags d`. */
export const scheduleColumns = `s.id, s.project, s.name, d.name as dag, s.cron, s.time_zone as "timeZone", s.overlap,
  s.catch_up as "catchUp", s.inputs, s.revision, s.next_at as "nextAt", s.paused_at as "pausedAt",
  s.created_at as "createdAt", s.created_by as "createdBy"`;

const select = async (
  sql: Sql,
  rest: string,
  parameters: readonly Parameter[],
): Promise<readonly ScheduleRecord[]> =>
  sql.run<ScheduleRow>(
    { text: `select ${scheduleColumns} from schedules s join dags d on d.id = s.dag_id ${rest}` },
    parameters,
  );

/** The database's clock. */
export const readNow = async (sql: Sql): Promise<Date> =>
  onlyRow(await sql.run<{ now: Date }>({ text: 'select clock_timestamp() as now' })).now;

export const readSchedule = async (sql: Sql, project: string, name: string): Promise<ScheduleRecord | null> =>
  (await select(sql, 'where s.project = $1 and s.name = $2', [project, name]))[0] ?? null;

/** The schedule under its lock: whoever fires it waits, or passes it by. */
export const lockSchedule = async (sql: Sql, project: string, name: string): Promise<ScheduleRecord | null> =>
  (await select(sql, 'where s.project = $1 and s.name = $2 for update of s', [project, name]))[0] ?? null;

/** Schedules by name, behind (project, name). */
export const listSchedules = (
  sql: Sql,
  project: string | null,
  dag: string | null,
  [afterProject, afterName]: readonly [string, string],
  limit: number,
): Promise<readonly ScheduleRecord[]> =>
  select(
    sql,
    `where ($1::text is null or s.project = $1) and ($2::text is null or d.name = $2)
       and (s.project, s.name) > ($3, $4)
     order by s.project, s.name limit $5`,
    [project, dag, afterProject, afterName, limit],
  );

const valuesOf = (
  schedule: NewSchedule,
  nextAt: Date | null,
  { actor, reason }: WriteContext,
): readonly Parameter[] => [
  schedule.project,
  schedule.name,
  schedule.dag,
  schedule.cron,
  schedule.timeZone,
  schedule.overlap,
  schedule.catchUp,
  JSON.stringify(schedule.inputs),
  nextAt?.toISOString() ?? null,
  schedule.paused,
  actor,
  reason,
];

/** What became of a schedule that was to be stored. */
export type PutAnswer = 'created' | 'replaced' | 'exists' | 'no_dag';

/** Stores a schedule, over one of the same name only with `replace`. The share lock keeps its DAG from being deleted meanwhile. */
export const putSchedule = async (
  sql: Sql,
  schedule: NewSchedule,
  replace: boolean,
  nextAt: Date | null,
  context: WriteContext,
): Promise<PutAnswer> => {
  const text = `
with dag as (select id from dags where project = $1 and name = $3 and deleted_at is null for share),
stored as (
  insert into schedules as s (project, name, dag_id, cron, time_zone, overlap, catch_up, inputs, next_at, paused_at,
    created_by, reason)
  select $1, $2, dag.id, $4, $5, $6, $7, $8::json, $9::timestamptz, case when $10 then clock_timestamp() end, $11, $12
  from dag
  on conflict (project, name) do update set dag_id = excluded.dag_id, cron = excluded.cron,
    time_zone = excluded.time_zone, overlap = excluded.overlap, catch_up = excluded.catch_up,
    inputs = excluded.inputs, next_at = excluded.next_at, paused_at = excluded.paused_at,
    created_by = excluded.created_by, reason = excluded.reason, revision = s.revision + 1
  where $13
  returning s.revision
)
select exists (select from dag) as "hasDag", (select revision from stored) as revision`;
  const rows = await sql.run<{ hasDag: boolean; revision: number | null }>({ text }, [
    ...valuesOf(schedule, nextAt, context),
    replace,
  ]);
  const { hasDag, revision } = onlyRow(rows);
  if (!hasDag) return 'no_dag';
  if (revision === null) return 'exists';
  return revision === 1 ? 'created' : 'replaced';
};

/** Pauses a schedule; false where there is none. */
export const pauseSchedule = async (sql: Sql, project: string, name: string): Promise<boolean> => {
  const text = `
update schedules set paused_at = coalesce(paused_at, clock_timestamp()), revision = revision + 1
where project = $1 and name = $2 returning 1`;
  return (await sql.run({ text }, [project, name])).length === 1;
};

/** Lets a schedule go on with this time. */
export const resumeSchedule = async (sql: Sql, id: number, nextAt: Date | null): Promise<void> => {
  const text =
    'update schedules set paused_at = null, next_at = $2::timestamptz, revision = revision + 1 where id = $1';
  await sql.run({ text }, [id, nextAt?.toISOString() ?? null]);
};

/** Deletes a schedule with what is noted of it; false where there is none. */
export const removeSchedule = async (sql: Sql, project: string, name: string): Promise<boolean> =>
  (
    await sql.run({ text: 'delete from schedules where project = $1 and name = $2 returning 1' }, [
      project,
      name,
    ])
  ).length === 1;
