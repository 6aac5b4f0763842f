import { attemptId, type AttemptFate, type AttemptId, type IncarnationId } from '@job-orchestrator/types';
import { plainArray } from '../connection/literals.ts';
import type { Sql, Statement } from '../connection/sql.ts';
import { liveColumns, liveTables, type LiveRow } from './live-rows.ts';

const ownStatement: Statement = {
  text: `
select ${liveColumns} from jobs j ${liveTables}
where j.owner = $1 and j.attempt_id > $2 order by j.attempt_id limit $3`,
};

/** The owner's open attempts behind `after`, in order of id. */
export const ownAttempts = (
  sql: Sql,
  owner: IncarnationId,
  after: string,
  limit: number,
): Promise<readonly LiveRow[]> =>
  sql.run<LiveRow & Record<string, unknown>>(ownStatement, [owner, after, limit]);

/** The owner's attempts whose cancel is asked and which record no stop yet. */
export const cancelRequests = async (sql: Sql, owner: IncarnationId): Promise<readonly AttemptId[]> => {
  const rows = await sql.run<{ id: string }>(
    {
      name: 'cancel_requests',
      text: `select attempt_id as id from jobs
             where owner = $1 and cancel_requested_at is not null and stop_intent is null order by attempt_id`,
    },
    [owner],
  );
  return rows.map(({ id }) => attemptId(id));
};

/**
 * An attempt's id shares its first 96 bits with its job's, so a range of the primary key finds the job: nearly always
 * one row.
 */
const fatesStatement: Statement = {
  text: `
with asked as (
  select a.id, (left(a.id::text, 28) || '00000000')::uuid as least, (left(a.id::text, 28) || 'ffffffff')::uuid as most
  from unnest($1::uuid[]) as a (id)
)
select a.id,
  case when open.id is not null then 'open' when ended.closed_at is not null then 'closed' else 'unknown' end as kind,
  extract(epoch from clock_timestamp() - ended.closed_at)::float8 as "closedForSeconds", ended.owner
from asked a
left join lateral (
  select j.id from jobs j where j.id between a.least and a.most and j.attempt_id = a.id limit 1) open on true
left join lateral (
  select closed_at, owner from (
    select f.finished_at as closed_at, f.owner from finished_jobs f
    where f.id between a.least and a.most and f.attempt_id = a.id
    union all
    select h.closed_at, h.owner from attempts h where h.job_id between a.least and a.most and h.id = a.id) c
  limit 1) ended on open.id is null`,
};

/** A fate, and who closed it. */
export interface FateRow {
  readonly id: string;
  readonly kind: AttemptFate['kind'];
  readonly closedForSeconds: number | null;
  readonly owner: string | null;
}

/** What became of attempts. */
export const attemptFates = (sql: Sql, ids: readonly AttemptId[]): Promise<readonly FateRow[]> =>
  sql.run<FateRow & Record<string, unknown>>(fatesStatement, [plainArray(ids)]);
