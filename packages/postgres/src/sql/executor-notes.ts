import {
  attemptId,
  type AttemptId,
  type Deaths,
  type IncarnationId,
  type SetAside,
} from '@job-orchestrator/types';
import type { Sql } from '../connection/sql.ts';

/** Says what an executor sets aside. */
export const writeSetAside = async (
  sql: Sql,
  incarnation: IncarnationId,
  setAside: readonly SetAside[],
): Promise<void> => {
  await sql.run(
    {
      text: `insert into executor_notes (incarnation, set_aside) select incarnation, $2::json from executors where incarnation = $1
             on conflict (incarnation) do update set set_aside = excluded.set_aside`,
    },
    [incarnation, JSON.stringify(setAside)],
  );
};

/** Says which attempt an executor has in hand. */
export const writeInHand = async (
  sql: Sql,
  incarnation: IncarnationId,
  attempt: AttemptId | null,
): Promise<void> => {
  await sql.run(
    {
      text: `insert into executor_notes (incarnation, in_hand) select incarnation, $2::uuid from executors where incarnation = $1
             on conflict (incarnation) do update set in_hand = excluded.in_hand`,
    },
    [incarnation, attempt],
  );
};

/** Whoever released its lease had said before that it drains; all others that ended were dead, or as good as dead. */
const deathsText = `
with me as (select runtime_id, version from executors where incarnation = $1)
select n.in_hand as id, count(*)::integer as count
from executors e join me on e.runtime_id = me.runtime_id and e.version = me.version
left join executor_notes n on n.incarnation = e.incarnation
where e.ended_at > clock_timestamp() - interval '30 minutes' and not e.draining and e.incarnation <> $1
group by n.in_hand`;

/** The deaths of executors of the same runtime and version in the last half hour. */
export const readDeaths = async (sql: Sql, incarnation: IncarnationId): Promise<Deaths> => {
  const rows = await sql.run<{ id: string | null; count: number }>({ text: deathsText }, [incarnation]);
  return {
    count: rows.reduce((sum, { count }) => sum + count, 0),
    withInHand: new Map(rows.flatMap(({ id, count }) => (id === null ? [] : [[attemptId(id), count]]))),
  };
};
