import { dateArray, plainArray, textArrayOrNull } from '../connection/literals.ts';
import type { Sql, Statement } from '../connection/sql.ts';
import type { LiveRow } from './live-rows.ts';

/** Where a scan of one topic begins: behind `(rank, runAt, id)`, and before `untilRank`. */
export interface Segment {
  readonly topicId: number;
  readonly rank: number;
  readonly runAt: Date;
  readonly id: string;
  readonly untilRank: number;
}

export interface ClaimArguments {
  readonly owner: string;
  readonly runtimeKey: string;
  readonly topics: readonly string[] | null;
  readonly limit: number;
  /** Empty: every topic is scanned from its beginning. */
  readonly segments: readonly Segment[];
}

export interface ClaimedRow extends LiveRow {
  readonly topicId: number;
  readonly rank: number;
  readonly runAt: Date;
  /** True when the job's topic is limited and has slots left after this claim. */
  readonly slotsLeft: boolean;
}

/** The pending jobs of a segment `s`, in the order of claims. */
const pendingOfSegment = `
      from jobs j
      where j.topic_id = s.topic_id and j.queue = 'pending' and j.rank < s.until_rank
        and (j.rank, j.run_at, j.id) > (s.from_rank, s.from_run_at, s.from_id)
      order by j.rank, j.run_at, j.id`;

/**
 * An attempt's id begins with the first 96 bits of its job's id, so that the job can be found by a range of its
 * primary key; then the attempt's number and 16 random bits, which tell it apart after a database went back in time.
 */
const newAttemptId = `(left(j.id::text, 28) || lpad(to_hex((j.attempt + 1) & 65535), 4, '0')
      || lpad(to_hex(floor(random() * 65536)::integer), 4, '0'))::uuid`;

/**
 * The inner limit is a literal, and the outer one stops it early: with a parameter in its place the generic plan
 * expects a tenth of the table and may sort it whole.
 *
 * Topics go in the order of their heads, each from its own index range; nothing here ever waits for a lock. A limited
 * topic whose counter is held by another is left out: that other one wakes us if it leaves slots.
 */
const statementFor = (most: number): Statement => ({
  name: `claim_jobs_${most}`,
  text: `
with me as materialized (
  select e.name, e.runtime_id from executors e join runtimes r on r.id = e.runtime_id
  where e.incarnation = $1 and r.key = $2 and e.ended_at is null and e.lease_until > clock_timestamp()
),
counters as materialized (
  select c.topic_id, c.job_limit - c.taken as free
  from topic_counters c join topics t on t.id = c.topic_id
  where c.taken < c.job_limit and not t.paused and ($3::text[] is null or t.name = any($3)) and exists (select from me)
    and (select true from jobs j where j.topic_id = c.topic_id and j.queue = 'pending'
         order by j.rank, j.run_at, j.id limit 1)
  for update of c skip locked
),
open_topics as (
  select t.id as topic_id, null::integer as free from topics t
  where not t.paused and ($3::text[] is null or t.name = any($3)) and exists (select from me)
    and not exists (select from topic_counters c where c.topic_id = t.id)
  union all
  select topic_id, free from counters
),
segments as (
  select o.topic_id, o.free, coalesce(m.from_rank, -32768) as from_rank, coalesce(m.until_rank, 32767) as until_rank,
         coalesce(m.from_run_at, '-infinity') as from_run_at,
         coalesce(m.from_id, '00000000-0000-0000-0000-000000000000') as from_id
  from open_topics o left join unnest($5::integer[], $6::smallint[], $7::timestamptz[], $8::uuid[], $9::smallint[])
       as m (topic_id, from_rank, from_run_at, from_id, until_rank) on m.topic_id = o.topic_id and o.free is null
),
heads as materialized (
  select s.*, h.rank, h.run_at, h.id from segments s
  cross join lateral (select j.rank, j.run_at, j.id ${pendingOfSegment} limit 1) h
  order by h.rank, h.run_at, h.id
),
picked as materialized (
  select p.id from heads s
  cross join lateral (
    select q.id from (select j.id ${pendingOfSegment} limit ${most} for update skip locked) q limit s.free) p
  limit $4
),
claimed as (
  update jobs j set queue = 'live', attempt = j.attempt + 1, attempt_id = ${newAttemptId},
    owner = $1, runtime_id = (select runtime_id from me), attempt_state = 'launching',
    claimed_at = clock_timestamp(), event_seq = j.event_seq + 1
  where j.id = any(array(select id from picked))
  returning j.*
),
counted as (
  update topic_counters c set taken = c.taken + n.taken
  from (select topic_id, count(*)::integer as taken from claimed group by topic_id) n
  where c.topic_id = n.topic_id
  returning c.topic_id, c.taken < c.job_limit as slots_left
),
told as (
  insert into events (job_id, seq, at, kind, attempt, actor, reason)
  select c.id, c.event_seq, c.claimed_at, 'claimed', c.attempt, 'executor:' || me.name, 'claimed by ' || me.name
  from claimed c cross join me
)
select c.attempt_id as id, c.id as "jobId", c.attempt as number, c.owner, $2 as "runtimeKey", t.project, t.name as topic,
       c.attempt_state as state, c.claimed_at as "claimedAt", c.used_user as "usedUser",
       c.used_infrastructure as "usedInfrastructure", c.used_output as "usedOutput", c.used_unknown as "usedUnknown",
       c.used_out_of_memory as "usedOutOfMemory", s.spec, c.topic_id as "topicId", c.rank, c.run_at as "runAt",
       coalesce((select n.slots_left from counted n where n.topic_id = c.topic_id), false) as "slotsLeft"
from claimed c join topics t on t.id = c.topic_id
cross join lateral (select spec from job_specs where id = c.id limit 1) s
order by c.rank, c.run_at, c.id`,
});

const statements = new Map<number, Statement>();

/** One statement for each power of two, so that a connection prepares about ten at most. */
const statementOf = (limit: number): Statement => {
  const most = 2 ** Math.ceil(Math.log2(Math.max(limit, 1)));
  const known = statements.get(most) ?? statementFor(most);
  statements.set(most, known);
  return known;
};

/** Claims due jobs, each with a new attempt; see `statementFor`. No live lease: nothing. */
export const claimJobs = (sql: Sql, request: ClaimArguments): Promise<readonly ClaimedRow[]> => {
  const { segments } = request;
  return sql.run<ClaimedRow & Record<string, unknown>>(statementOf(request.limit), [
    request.owner,
    request.runtimeKey,
    textArrayOrNull(request.topics),
    request.limit,
    plainArray(segments.map(({ topicId }) => topicId)),
    plainArray(segments.map(({ rank }) => rank)),
    dateArray(segments.map(({ runAt }) => runAt)),
    plainArray(segments.map(({ id }) => id)),
    plainArray(segments.map(({ untilRank }) => untilRank)),
  ]);
};
