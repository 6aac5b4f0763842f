import { dagRunId, type DagRunId } from '@job-orchestrator/types';
import type { Sql } from '../../connection/sql.ts';

/** Runs with marks, by id: from one run to the next along the index, however many marks each has. */
export const dueRuns = async (sql: Sql, limit: number): Promise<readonly DagRunId[]> => {
  const text = `
with recursive due as (
  (select run_id, 1 as n from dag_due order by run_id limit 1)
  union all
  select x.run_id, due.n + 1 from due
  cross join lateral (select run_id from dag_due where run_id > due.run_id order by run_id limit 1) x
  where due.n < $1
)
select run_id as id from due`;
  return (await sql.run<{ id: string }>({ name: 'dag_due_runs', text }, [limit])).map(({ id }) =>
    dagRunId(id),
  );
};

export interface Mark {
  readonly id: number;
  readonly jobId: string | null;
  readonly childId: string | null;
}

/** Deletes and returns a run's marks, at most `limit`. The run must be locked. */
export const takeMarks = (sql: Sql, run: DagRunId, limit: number): Promise<readonly Mark[]> =>
  sql.run<Mark & Record<string, unknown>>(
    {
      name: 'dag_take_marks',
      text: `
delete from dag_due where id = any(array(select id from dag_due where run_id = $1 order by id limit $2))
returning id, job_id as "jobId", child_id as "childId"`,
    },
    [run, limit],
  );

/** Deletes the marks of a run, unless it is there. */
export const dropMarks = async (sql: Sql, run: DagRunId): Promise<void> => {
  const text = 'delete from dag_due where run_id = $1 and not exists (select from dag_runs where id = $1)';
  await sql.run({ text }, [run]);
};
