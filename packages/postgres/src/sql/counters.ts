import { onlyRow, type Sql } from '../connection/sql.ts';

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
