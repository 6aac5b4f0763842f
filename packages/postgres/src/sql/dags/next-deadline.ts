import { onlyRow, type Sql } from '../../connection/sql.ts';

/** Later than this nobody waits for a deadline of its own: whoever marks what is overdue has seen it. */
const passed = `clock_timestamp() - interval '5 seconds'`;

/** Milliseconds until the next deadline that would stop a run, or of a question; null: there is none. */
export const nextDeadlineMs = async (sql: Sql): Promise<number | null> => {
  const text = `
select extract(epoch from least(
  (select deadline_at from dag_runs where finished_at is null and stopping is null and deadline_at > ${passed}
     and progress ->> 'phase' = 'main' order by deadline_at limit 1),
  (select min(expires_at) from dag_approvals where state = 'waiting' and expires_at > ${passed})
) - clock_timestamp())::float8 * 1000 as ms`;
  return onlyRow(await sql.run<{ ms: number | null }>({ name: 'dag_next_deadline', text })).ms;
};
