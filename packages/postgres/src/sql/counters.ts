import { onlyRow, type Sql } from '../connection/sql.ts';
import { uncounted } from './topics.ts';

/** The limited topics, in the order of locks. */
export const limitedTopics = async (sql: Sql): Promise<readonly number[]> => {
  const rows = await sql.run<{ id: number }>({
    text: 'select topic_id as id from topic_counters order by topic_id',
  });
  return rows.map(({ id }) => id);
};

/** Locks a counter: from now on no claim and no end of an attempt in this topic commits. */
export const lockCounter = async (sql: Sql, topicId: number): Promise<void> => {
  await sql.run({ text: 'select taken from topic_counters where topic_id = $1 for update' }, [topicId]);
};

/** A claim takes milliseconds; an older transaction is a dump, or stands still, and nobody waits for it. */
const claimsEndWithinSeconds = 2;

/**
 * True while a counter is new and a claim that cannot have seen it may go on: to count now would miss what it claims.
 * (The row's own `xmin` is the transaction that made it.)
 */
export const isTooNew = async (sql: Sql, topicId: number): Promise<boolean> =>
  onlyRow(
    await sql.run<{ young: boolean }>(
      {
        text: `
select exists (
  select from topic_counters c, pg_stat_activity a
  where c.topic_id = $1 and c.taken >= ${uncounted / 2} and a.datname = current_database() and a.pid <> pg_backend_pid()
    and age(a.backend_xmin) >= age(c.xmin)
    and a.xact_start > clock_timestamp() - interval '${claimsEndWithinSeconds} s') as young`,
      },
      [topicId],
    ),
  ).young;

/** Sets a locked counter to what is claimed now, counted by a snapshot that is younger than the lock. */
export const mendCounter = async (
  sql: Sql,
  topicId: number,
): Promise<{ readonly project: string; readonly name: string } | null> => {
  const [row] = await sql.run<{ project: string; name: string }>(
    {
      text: `
update topic_counters c set taken = n.claimed
from (select count(*)::integer as claimed from jobs where owner is not null and topic_id = $1) n, topics t
where c.topic_id = $1 and t.id = $1 and c.taken <> n.claimed
returning t.project, t.name`,
    },
    [topicId],
  );
  return row ?? null;
};

/** The newest transaction id; all that is older may not have seen what we have committed. */
export const currentTransaction = async (sql: Sql): Promise<string> =>
  onlyRow(await sql.run<{ xid: string }>({ text: `select pg_current_xact_id()::text as xid` })).xid;

/** True while a session's snapshot may be older than `xid`. */
export const olderSnapshots = async (sql: Sql, xid: string): Promise<boolean> =>
  onlyRow(
    await sql.run<{ older: boolean }>(
      {
        text: `
select exists (select from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid() and backend_xmin is not null
                 and age(backend_xmin) >= age($1::xid)) as older`,
      },
      [String(BigInt(xid) & 0xffff_ffffn)],
    ),
  ).older;
