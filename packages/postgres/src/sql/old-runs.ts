import { onlyRow, type Sql } from '../connection/sql.ts';
import { keptSince } from './old-partitions.ts';

const since = `(${keptSince}) at time zone 'UTC'`;

/**
 * Runs that ended before the months that are kept, longest ended first. One that has not ended is never among them; those
 * of sub-DAGs go with the run that people started.
 */
export const oldRuns = async (sql: Sql, months: number, limit: number): Promise<readonly string[]> => {
  const text = `
select id from dag_runs where finished_at < ${since} and parent_run_id is null order by finished_at limit $2`;
  return (await sql.run<{ id: string }>({ text }, [months, limit])).map(({ id }) => id);
};

/** Deletes node runs of an ended run and of the runs below it, at most `limit`; returns how many. The run itself goes last, and so tells what is left. */
export const forgetNodeRuns = async (sql: Sql, run: string, limit: number): Promise<number> => {
  const text = `
with gone as (
  delete from node_runs where ctid = any(array(
    select ctid from node_runs
    where run_id = any(array(select id from dag_runs where id = $1 or top_run_id = $1)) limit $2))
  returning 1)
select count(*)::integer as gone from gone`;
  return onlyRow(await sql.run<{ gone: number }>({ text }, [run, limit])).gone;
};

/** Deletes a run that has ended, and marks that came too late for it. */
export const forgetRun = async (sql: Sql, run: string): Promise<void> => {
  const text = `
with gone as (delete from dag_runs where id = $1 and finished_at is not null returning id)
delete from dag_due where run_id = any(array(select id from gone))`;
  await sql.run({ text }, [run]);
};

/** Deletes what became of times of schedules, at most `limit` rows; returns how many. */
export const forgetFirings = async (sql: Sql, months: number, limit: number): Promise<number> => {
  const text = `
with gone as (
  delete from schedule_firings where ctid = any(array(
    select ctid from schedule_firings where at < ${since} order by at limit $2))
  returning 1)
select count(*)::integer as gone from gone`;
  return onlyRow(await sql.run<{ gone: number }>({ text }, [months, limit])).gone;
};

/** Deletes backfills that ended, at most `limit`, with the record of their times; returns how many. */
export const forgetBackfills = async (sql: Sql, months: number, limit: number): Promise<number> => {
  const text = `
with gone as (
  delete from backfills where id = any(array(
    select id from backfills where finished_at < ${since} order by id limit $2))
  returning 1)
select count(*)::integer as gone from gone`;
  return onlyRow(await sql.run<{ gone: number }>({ text }, [months, limit])).gone;
};
