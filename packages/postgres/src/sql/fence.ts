/**
 * The beginning of every write of an executor. Its first parameter is the owner, its second the attempts' ids in
 * ascending order; as an attempt's id begins with its job's id, that is the lock order of jobs too.
 *
 * `locked`: the attempts that are still the owner's, each locked, with the columns of its input.
 * `lease`: the owner's name, if its lease holds by `clock_timestamp()` after the last lock was got: `now()` is the
 * transaction's start and let an expired owner through 1.5 s late (measured).
 * `fenced`: both together; empty when the lease is over.
 *
 * The lateral subquery locks and so is never flattened: one index probe per attempt, where a join on `unnest` fell to
 * 40 % of the rate on wrong statistics.
 */
export const fence = (inputs: readonly string[], names: readonly string[]): string => `
with locked as materialized (
  select x.*, j.* from unnest($2::uuid[]${inputs.map((input) => `, ${input}`).join('')})
    as x (${['x_attempt', ...names].join(', ')})
  cross join lateral (
    select * from jobs where owner = $1 and attempt_id = x.x_attempt for update) j
),
lease as materialized (
  select e.name, 'executor:' || e.name as actor from executors e
  where e.incarnation = $1 and e.ended_at is null
    and e.lease_until > (select coalesce(max(clock_timestamp()), clock_timestamp()) from locked)
),
fenced as not materialized (
  select l.*, e.actor from locked l cross join lease e
)`;

/**
 * Takes the slots of `ids` back from the counters of limited topics, counters locked in order of their topics
 * (jobs by id come before; see design §6).
 */
export const freeSlots = (from: string): string => `
slots as materialized (
  select c.topic_id from topic_counters c
  where c.topic_id = any(array(select distinct topic_id from ${from})) order by c.topic_id for update
),
freed as (
  update topic_counters c set taken = greatest(c.taken - n.ended, 0)
  from (select topic_id, count(*)::integer as ended from ${from} group by topic_id) n
  where c.topic_id = n.topic_id and c.topic_id in (select topic_id from slots)
  returning c.topic_id
)`;

/** What a fenced write gives back. */
export interface FencedAnswer {
  readonly applied: readonly string[];
  /** Limited topics that got slots back. */
  readonly freed?: number;
}
