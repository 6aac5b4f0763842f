import type { AttemptId, AttemptWrite, IncarnationId } from '@job-orchestrator/types';
import { dateArray, plainArray, textArray } from '../connection/literals.ts';
import { onlyRow, type Parameter, type Sql, type Statement } from '../connection/sql.ts';
import { fence, type FencedAnswer } from './fence.ts';

type Write<Kind extends AttemptWrite['kind']> = Extract<AttemptWrite, { kind: Kind }>;

/** These writes touch no indexed column, so they are HOT. `j` is the job, `f` its fenced row with the inputs. */
const changed = (set: string, from = 'fenced f'): string => `
changed as (
  update jobs j set event_seq = j.event_seq + 1, ${set}
  from ${from} where j.id = f.id and j.id = any(array(select id from fenced))
  returning 1
)`;

const told = (kind: string, reason: string, data: string, at = 'clock_timestamp()'): string => `
told as (
  insert into events (job_id, seq, at, kind, attempt, actor, reason, data)
  select f.id, f.event_seq + 1, ${at}, '${kind}', f.attempt, f.actor, ${reason}, ${data} from fenced f
)`;

const answer = `
select array(select attempt_id from fenced)::text[] as applied,
  accounted('jobs', (select count(*) from fenced), (select count(*) from changed)) as accounted`;

const run = async (sql: Sql, statement: Statement, parameters: readonly Parameter[]): Promise<FencedAnswer> =>
  onlyRow(await sql.run<FencedAnswer & Record<string, unknown>>(statement, parameters));

const idsOf = (writes: readonly { readonly attemptId: AttemptId }[]): string =>
  plainArray(writes.map(({ attemptId }) => attemptId));

const launchedStatement: Statement = {
  name: 'launched',
  text: `${fence(['$3::text[]', '$4::text[]', '$5::text[]'], ['x_uid', 'x_name', 'x_reason'])},
objects as (
  insert into runtime_objects (runtime_id, uid, name)
  select distinct on (runtime_id, x_uid) runtime_id, x_uid, x_name from fenced order by runtime_id, x_uid
  on conflict (runtime_id, uid) do update set name = excluded.name
  returning id as object_key, runtime_id, uid
),
${changed(
  `object_id = o.object_key, launched_at = coalesce(j.launched_at, clock_timestamp()),
    attempt_state = case j.attempt_state when 'launching' then 'waiting' else j.attempt_state end`,
  'fenced f join objects o on o.runtime_id = f.runtime_id and o.uid = f.x_uid',
)},
${told('launched', `coalesce(f.x_reason, 'launched as ' || f.x_name)`, `json_build_object('uid', f.x_uid, 'name', f.x_name)`)}
${answer}`,
};

/** The runtime confirmed the attempts' objects. */
export const recordLaunched = (sql: Sql, owner: IncarnationId, writes: readonly Write<'launched'>[]) =>
  run(sql, launchedStatement, [
    owner,
    idsOf(writes),
    textArray(writes.map(({ object }) => object.uid)),
    textArray(writes.map(({ object }) => object.name)),
    textArray(writes.map(({ reason }) => reason)),
  ]);

const waitingStatement: Statement = {
  name: 'waiting',
  text: `${fence(['$3::text[]', '$4::text[]'], ['x_reason', 'x_message'])},
${changed(`waiting_reason = f.x_reason, waiting_message = f.x_message,
    attempt_state = case j.attempt_state when 'launching' then 'waiting' else j.attempt_state end`)},
${told('waiting', 'f.x_message', `json_build_object('reason', f.x_reason)`)}
${answer}`,
};

/** An attempt that waits for something else than before. */
export interface WaitingWrite {
  readonly attemptId: AttemptId;
  readonly reason: string;
  readonly message: string;
}

/** The attempts wait, and for what. */
export const recordWaiting = (sql: Sql, owner: IncarnationId, writes: readonly WaitingWrite[]) =>
  run(sql, waitingStatement, [
    owner,
    idsOf(writes),
    plainArray(writes.map(({ reason }) => reason)),
    textArray(writes.map(({ message }) => message)),
  ]);

const runningStatement: Statement = {
  name: 'running',
  text: `${fence(['$3::timestamptz[]', '$4::text[]'], ['x_started_at', 'x_node'])},
${changed(`started_at = f.x_started_at, node = f.x_node, waiting_reason = null, waiting_message = null,
    attempt_state = case j.attempt_state when 'finalizing' then 'finalizing' else 'running' end`)},
${told('started', `'the program runs'`, `json_build_object('node', f.x_node, 'startedAt', f.x_started_at)`)}
${answer}`,
};

/** An attempt whose program runs. */
export interface RunningWrite {
  readonly attemptId: AttemptId;
  readonly startedAt: Date;
  readonly node: string | null;
}

/** The attempts' programs run. */
export const recordRunning = (sql: Sql, owner: IncarnationId, writes: readonly RunningWrite[]) =>
  run(sql, runningStatement, [
    owner,
    idsOf(writes),
    dateArray(writes.map(({ startedAt }) => startedAt)),
    textArray(writes.map(({ node }) => node)),
  ]);

const stoppingStatement: Statement = {
  name: 'stopping',
  text: `${fence(['$3::text[]', '$4::text[]'], ['x_intent', 'x_reason'])},
${changed(`stop_intent = f.x_intent, stop_requested_at = clock_timestamp()`)},
${told('stopping', 'f.x_reason', `json_build_object('intent', f.x_intent)`)}
${answer}`,
};

/** We are about to end the attempts. */
export const recordStopping = (sql: Sql, owner: IncarnationId, writes: readonly Write<'stopping'>[]) =>
  run(sql, stoppingStatement, [
    owner,
    idsOf(writes),
    plainArray(writes.map(({ intent }) => intent)),
    textArray(writes.map(({ reason }) => reason)),
  ]);

const finalizingStatement: Statement = {
  name: 'finalizing',
  text: `${fence(['$3::text[]'], ['x_reason'])},
${changed(`attempt_state = 'finalizing', finalizing_at = clock_timestamp()`)},
${told('finalizing', 'f.x_reason', 'null')}
${answer}`,
};

/** The attempts' programs ended with 0; their outputs are still on the way. */
export const recordFinalizing = (sql: Sql, owner: IncarnationId, writes: readonly Write<'finalizing'>[]) =>
  run(sql, finalizingStatement, [owner, idsOf(writes), textArray(writes.map(({ reason }) => reason))]);

const lockStatement: Statement = {
  text: `
with locked as materialized (
  select topic_id from jobs where owner = $1 and attempt_id = any($2::uuid[]) order by id for update
),
counters as materialized (
  select c.topic_id from topic_counters c
  where c.topic_id = any(array(select topic_id from locked)) order by c.topic_id for update
)
select (select count(*) from locked) as locked, (select count(*) from counters) as counters`,
};

/** Locks all that a transaction of several writes will touch: jobs by id, then counters by topic. */
export const lockForWrites = async (
  sql: Sql,
  owner: IncarnationId,
  ids: readonly AttemptId[],
): Promise<void> => {
  await sql.run(lockStatement, [owner, plainArray(ids)]);
};
