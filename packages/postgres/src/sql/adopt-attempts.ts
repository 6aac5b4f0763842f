import type { AdoptRequest } from '@job-orchestrator/types';
import type { Sql, Statement } from '../connection/sql.ts';
import { liveColumns, liveTables, type LiveRow } from './live-rows.ts';

/**
 * Takes over the attempts of executors whose lease is over: ended ones at once; expired ones only when `$4` says that
 * expiry may be judged, and the server has been up for a full lease. Two adopters at once skip each other's locks, so
 * each attempt goes to one. An expired executor is ended here, and will find out at its next beat or write.
 */
const statement: Statement = {
  text: `
with me as materialized (
  select e.incarnation, e.name, e.runtime_id from executors e join runtimes r on r.id = e.runtime_id
  where e.incarnation = $1 and r.key = $2 and e.ended_at is null and e.lease_until > clock_timestamp()
),
dead as materialized (
  select e.incarnation from executors e
  where e.runtime_id = (select runtime_id from me) and e.incarnation <> $1
    and (e.ended_at is not null
         or ($4 and e.lease_until <= clock_timestamp()
             and pg_postmaster_start_time() < clock_timestamp() - $5 * interval '1 millisecond'))
    and (select true from jobs j where j.owner = e.incarnation limit 1)
  for update of e skip locked
),
ended as (
  update executors set ended_at = clock_timestamp()
  where incarnation in (select incarnation from dead) and ended_at is null
),
taken as materialized (
  select j.id from dead d cross join lateral (
    select id from jobs where owner = d.incarnation order by attempt_id limit 1000 for update skip locked) j
  limit $3
),
adopted as (
  update jobs j set owner = $1, adopted_while_launching = j.adopted_while_launching or j.launched_at is null,
    event_seq = j.event_seq + 1
  where j.id = any(array(select id from taken))
  returning j.*
),
told as (
  insert into events (job_id, seq, at, kind, attempt, actor, reason)
  select j.id, j.event_seq, clock_timestamp(), 'adopted', j.attempt, 'executor:' || me.name,
         'its executor has no live lease' from adopted j cross join me
)
select ${liveColumns} from adopted j ${liveTables} order by j.attempt_id`,
};

/** Adopts; `mayJudge`: no reconnect lies less than a lease back. */
export const adoptAttempts = (
  sql: Sql,
  { owner, runtimeKey, limit }: AdoptRequest,
  mayJudge: boolean,
  graceMs: number,
): Promise<readonly LiveRow[]> =>
  sql.run<LiveRow & Record<string, unknown>>(statement, [owner, runtimeKey, limit, mayJudge, graceMs]);
