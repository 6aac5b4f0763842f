import { textArrayOrNull } from '../connection/literals.ts';
import type { Sql, Statement } from '../connection/sql.ts';
import {
  beginning,
  claimedRows,
  type ClaimedRow,
  type ClaimRequest,
  type Mark,
  type RawClaim,
} from './claim-jobs.ts';

/** The only topic that the last claims found open, and where a scan of it begins; null: at its beginning. */
export interface SoleTopic {
  readonly topicId: number;
  readonly from: Mark | null;
}

/**
 * Claims only where the topic is still the only open one, without a limit, and nothing of a higher priority than the
 * mark's is pending; all else is `claim_jobs`' part. What it does is the same, in one plain statement: a claim of one job
 * takes half of what the function takes, for which ten small statements are started.
 * (The inner limit is a literal, and the outer one stops it early: see `claim_jobs`.)
 */
const statement: Statement = {
  name: 'claim_from_topic',
  text: `
with claimant as materialized (
  select e.name, e.runtime_id from executors e
  where e.incarnation = $1 and e.ended_at is null and e.lease_until > clock_timestamp()
    and not exists (select from topic_counters)
    and array(select t.id from topics t where not t.paused and ($2::text[] is null or t.name = any($2)) limit 2)
      = array[$3::integer]
    and (select true from jobs j where j.topic_id = $3 and j.queue = 'pending' and j.rank < $5
         order by j.rank, j.run_at, j.id limit 1) is null
),
claimed as (
  update jobs j set queue = 'live', attempt = j.attempt + 1, attempt_id = new_attempt_id(j.id, j.attempt + 1),
    owner = $1, runtime_id = e.runtime_id, attempt_state = 'launching', claimed_at = clock_timestamp(),
    claimed_by = e.name, event_seq = j.event_seq + 1, claimed_seq = j.event_seq + 1
  from claimant e where j.ctid = any(array(
    select q.ctid from (
      select j.ctid from jobs j
      where j.topic_id = $3 and j.queue = 'pending'
        and (j.rank, j.run_at, j.id) > ($5::smallint, $6::timestamptz, $7::uuid) and exists (select from claimant)
      order by j.rank, j.run_at, j.id limit 1024 for update skip locked) q
    limit $4))
  returning j.attempt_id, j.id, j.attempt, j.topic_id, j.rank, j.run_at, j.claimed_at, j.used_user,
    j.used_infrastructure, j.used_output, j.used_unknown, j.used_out_of_memory
)
select c.attempt_id as id, c.id as "jobId", c.attempt as number, t.project, t.name as topic,
  c.claimed_at as "claimedAt", nullif(c.used_user, 0) as "usedUser", nullif(c.used_infrastructure, 0) as "usedInfrastructure",
  nullif(c.used_output, 0) as "usedOutput", nullif(c.used_unknown, 0) as "usedUnknown",
  nullif(c.used_out_of_memory, 0) as "usedOutOfMemory", s.spec::text as spec,
  c.topic_id as "topicId", c.rank, c.run_at as "runAt", null as "slotsLeft"
from claimed c join topics t on t.id = $3
cross join lateral (select spec from job_specs where id = c.id limit 1) s`,
};

/** Claims due jobs of the only open topic. None: there are none, or it is not the only open one any more. */
export const claimFromTopic = async (
  sql: Sql,
  request: ClaimRequest,
  { topicId, from }: SoleTopic,
): Promise<readonly ClaimedRow[]> => {
  const { rank, runAt, id } = from ?? beginning;
  const rows = await sql.run<RawClaim>(statement, [
    request.owner,
    textArrayOrNull(request.topics),
    topicId,
    request.limit,
    rank,
    runAt.toISOString(),
    id,
  ]);
  return claimedRows(rows, request);
};
