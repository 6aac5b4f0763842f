import { onlyRow, type Sql } from '../connection/sql.ts';

/** One table's share of a month; the ids of its jobs lie from `least` on and below `below`. */
export interface MonthPartition {
  readonly name: string;
  readonly month: string;
  readonly least: string;
  readonly below: string;
}

/** The tables of history, and the column of each that holds the job's id. Finished jobs first: with them a job is out of sight. */
export const historyTables = [
  { table: 'finished_jobs', column: 'id' },
  { table: 'attempts', column: 'job_id' },
  { table: 'events', column: 'job_id' },
  { table: 'log_tails', column: 'job_id' },
  { table: 'job_specs', column: 'id' },
  { table: 'output_files', column: 'job_id' },
] as const;

/** When the first month begins that is kept (UTC, without a zone): the running one and `$1` before it. */
export const keptSince = `date_trunc('month', clock_timestamp() at time zone 'UTC') - make_interval(months => $1)`;

/** Partitions of months before those that are kept, the oldest first. */
export const oldPartitions = (sql: Sql, months: number): Promise<readonly MonthPartition[]> =>
  sql.run<MonthPartition & Record<string, unknown>>(
    {
      text: `
select name, to_char(month, 'YYYY-MM') as month, floor_id(month at time zone 'UTC')::text as least,
  floor_id((month + interval '1 month') at time zone 'UTC')::text as below
from (
  select c.relname::text as name, array_position($2::text[], p.relname::text) as place,
    case when c.relname ~ '_[0-9]{4}_[0-9]{2}$' then to_date(right(c.relname, 7), 'YYYY_MM')::timestamp end as month
  from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
  where i.inhparent = any($2::text[]::regclass[])) parts
where month < ${keptSince} order by month, place`,
    },
    [months, `{${historyTables.map(({ table }) => table).join(',')}}`],
  );

/** True while a live job has its attempts and events in the month, or an open DAG run a job whose output it may read. */
export const hasLiveJobs = async (sql: Sql, { least, below }: MonthPartition): Promise<boolean> =>
  onlyRow(
    await sql.run<{ live: boolean }>(
      {
        text: `
select exists (select from jobs where id >= $1 and id < $2)
  or exists (
    select from dag_runs r join node_runs n on n.run_id = r.id
    where r.finished_at is null and n.job_id >= $1 and n.job_id < $2) as live`,
      },
      [least, below],
    ),
  ).live;

/** The last pages of a table: what was written last lies there. */
const lastPages = 256;

/**
 * True while a job of the month ended within the months that are kept. Jobs are appended to their month as they end, so
 * where there is such a one it nearly always lies in the last pages; only a month that is about to go is read whole.
 */
export const hasYoungEnds = async (
  sql: Sql,
  { least, below, month }: MonthPartition,
  months: number,
): Promise<boolean> => {
  const young = `f.finished_at >= (${keptSince}) at time zone 'UTC'`;
  const table = `finished_jobs_${month.replace('-', '_')}`;
  const size = `select pg_relation_size(to_regclass($1)) / 8192 as pages`;
  const [row] = await sql.run<{ pages: number | null }>({ text: size }, [table]);
  const pages = row?.pages ?? 0;
  if (pages > lastPages) {
    const text = `select exists (select from "${table}" f where f.ctid >= '(${pages - lastPages},0)' and ${young}) as young`;
    if (onlyRow(await sql.run<{ young: boolean }>({ text }, [months])).young) return true;
  }
  const text = `
select exists (select from finished_jobs f where f.id >= $2 and f.id < $3 and ${young}) as young`;
  return onlyRow(await sql.run<{ young: boolean }>({ text }, [months, least, below])).young;
};

/** Takes a partition away with all that is in it. Its name comes from the catalogue. */
export const dropPartition = async (sql: Sql, { name }: MonthPartition): Promise<void> => {
  await sql.run({ text: `drop table if exists "${name}"` });
};

/** True of a row `old` in a default partition whose job's history is over. */
const isOver = (table: string, column: string): string =>
  table === 'finished_jobs'
    ? `old.finished_at < (${keptSince}) at time zone 'UTC' and old.id not in (
         select n.job_id from dag_runs r join node_runs n on n.run_id = r.id
         where r.finished_at is null and n.job_id is not null)`
    : `not exists (select from jobs j where j.id = old.${column})
       and not exists (select from finished_jobs f where f.id = old.${column})`;

/**
 * Deletes old rows of ended jobs that lie in a default partition, at most `limit`; returns how many. Finished jobs go
 * by their end; what belongs to a job goes when the job is neither live nor finished any more.
 */
export const forgetUnpartitioned = async (
  sql: Sql,
  { table, column }: (typeof historyTables)[number],
  months: number,
  limit: number,
): Promise<number> => {
  const rows = await sql.run(
    {
      text: `
delete from ${table}_default where ctid = any(array(
  select ctid from ${table}_default old
  where ${column} < floor_id((${keptSince}) at time zone 'UTC') and ${isOver(table, column)} limit $2))
returning 1`,
    },
    [months, limit],
  );
  return rows.length;
};

/** Deletes what was decided about jobs whose history is over, at most `limit` rows; returns how many. */
export const forgetDecisions = async (sql: Sql, months: number, limit: number): Promise<number> => {
  const rows = await sql.run(
    {
      text: `
delete from dead_letter_decisions where job_id = any(array(
  select job_id from dead_letter_decisions d where job_id < floor_id((${keptSince}) at time zone 'UTC')
    and not exists (select from finished_jobs f where f.id = d.job_id)
  order by job_id limit $2))
returning 1`,
    },
    [months, limit],
  );
  return rows.length;
};
