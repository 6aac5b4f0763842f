import { onlyRow, type Sql } from '../../connection/sql.ts';

/** Later than this nobody waits for a deadline of its own: whoever marks what is overdue has seen it. */
const passed = `clock_timestamp() - interval '5 seconds'`;

/** Milliseconds until the next deadline of a run that does not stop, or of a question; null: there is none. */
export const nextDeadlineMs = async (sql: Sql): Promise<number | null> => {
  const text = `
select extract(epoch from least(
  (select min(deadline_at) from dag_runs where finished_at is null and stopping is null and deadline_at > ${passed}),
  (select min(expires_at) from dag_approvals where state = 'waiting' and expires_at > ${passed})
) - clock_timestamp())::float8 * 1000 as ms`;
  return onlyRow(await sql.run<{ ms: number | null }>({ name: 'dag_next_deadline', text })).ms;
};
