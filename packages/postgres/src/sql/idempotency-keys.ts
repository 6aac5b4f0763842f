import { jobId, type IdempotencyKey, type JobId } from '@job-orchestrator/types';
import { plainArray } from '../connection/literals.ts';
import type { Sql } from '../connection/sql.ts';

/** How long a key answers with its jobs. */
const lifetime = '24 hours';

/** Takes a project's key for jobs; false when it is taken. Waits for another request that is taking it now. */
export const takeKey = async (
  sql: Sql,
  project: string,
  key: IdempotencyKey,
  ids: readonly JobId[],
): Promise<boolean> => {
  const rows = await sql.run(
    {
      text: `
insert into idempotency_keys as k (project, key, fingerprint, job_ids, expires_at)
values ($1, $2, $3, $4::uuid[], clock_timestamp() + interval '${lifetime}')
on conflict (project, key) do update set fingerprint = excluded.fingerprint, job_ids = excluded.job_ids,
  created_at = clock_timestamp(), expires_at = excluded.expires_at
  where k.expires_at <= clock_timestamp()
returning 1`,
    },
    [project, key.key, key.fingerprint, plainArray(ids)],
  );
  return rows.length === 1;
};

/** What a taken key stands for; null when it is not taken, or its lifetime is over. */
export const readKey = async (
  sql: Sql,
  project: string,
  key: string,
): Promise<{ readonly fingerprint: string; readonly ids: readonly JobId[] } | null> => {
  const [row] = await sql.run<{ fingerprint: string; ids: readonly string[] }>(
    {
      text: `select fingerprint, job_ids::text[] as ids from idempotency_keys
             where project = $1 and key = $2 and expires_at > clock_timestamp()`,
    },
    [project, key],
  );
  return row === undefined ? null : { fingerprint: row.fingerprint, ids: row.ids.map(jobId) };
};

/** Forgets keys past their lifetime, at most `limit`; returns how many. Those that another session holds stay. */
export const forgetKeys = async (sql: Sql, limit: number): Promise<number> => {
  const rows = await sql.run(
    {
      text: `
delete from idempotency_keys where ctid = any(array(
  select ctid from idempotency_keys where expires_at <= clock_timestamp() order by expires_at limit $1
  for update skip locked))
returning 1`,
    },
    [limit],
  );
  return rows.length;
};
