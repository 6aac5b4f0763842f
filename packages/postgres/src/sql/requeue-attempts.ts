import type {
  AttemptId,
  ClosedAttemptState,
  ExitReport,
  Failure,
  IncarnationId,
  LogTail,
} from '@job-orchestrator/types';
import type { RetryBudget } from '@job-orchestrator/types';
import { bytesArray, dateArray, jsonText, plainArray, textArray } from '../connection/literals.ts';
import { onlyRow, type Sql, type Statement } from '../connection/sql.ts';
import { fence, freeSlots, type FencedAnswer } from './fence.ts';

/** An attempt that ends while its job goes on. */
export interface Requeuing {
  readonly attemptId: AttemptId;
  readonly kind: 'retry_scheduled' | 'released';
  readonly attemptState: ClosedAttemptState;
  readonly chargedTo: RetryBudget;
  readonly delayMs: number;
  readonly exit: ExitReport | null;
  readonly failure: Failure | null;
  readonly log: LogTail | null;
  readonly reason: string;
}

const inputs = [
  '$3::text[]',
  '$4::text[]',
  '$5::text[]',
  '$6::float8[]',
  '$7::integer[]',
  '$8::timestamptz[]',
  '$9::timestamptz[]',
  '$10::text[]',
  '$11::text[]',
  '$12::text[]',
  '$13::bigint[]',
  '$14::bytea[]',
  '$15::text[]',
  '$16::text[]',
  '$17::text[]',
  '$18::text[]',
];
const names = [
  'x_kind',
  'x_attempt_state',
  'x_charged',
  'x_delay_ms',
  'x_exit_code',
  'x_started_at',
  'x_finished_at',
  'x_node',
  'x_image_digest',
  'x_failure',
  'x_log_bytes',
  'x_log',
  'x_log_extent',
  'x_reason',
  'x_category',
  'x_data',
];

/**
 * The attempt moves into history and its job back into the queue, due `delayMs` after now by the database's clock.
 * Jobs whose cancel was accepted are left as they are and named in `cancelled`: they must end instead.
 */
const statement: Statement = {
  name: 'requeue_attempts',
  text: `${fence(inputs, names)},
going as materialized (
  select f.*, clock_timestamp() as at, clock_timestamp() + f.x_delay_ms * interval '1 millisecond' as due
  from fenced f where f.cancel_requested_at is null
),
kept as (
  insert into attempts (job_id, number, id, state, owner, runtime_id, object_uid, object_name, claimed_at, claimed_seq,
    claimed_by, launched_at, started_at, finished_at, closed_at, exit_code, failure, node, image_digest, log_bytes)
  select id, attempt, attempt_id, x_attempt_state, owner, runtime_id, o.uid, o.object_name, claimed_at, claimed_seq,
    claimed_by, launched_at, coalesce(started_at, x_started_at), x_finished_at, at, x_exit_code, x_failure::json, coalesce(x_node, node),
    x_image_digest, x_log_bytes
  from going g
  left join lateral (select uid, name as object_name from runtime_objects where id = g.object_id limit 1) o on true
  returning 1
),
back as (
  update jobs j set queue = case when g.x_delay_ms > 0 then 'scheduled' else 'pending' end, run_at = g.due,
    expires_at = g.due + j.queue_seconds * interval '1 second', event_seq = j.event_seq + 1,
    used_user = j.used_user + (g.x_charged = 'user')::integer,
    used_infrastructure = j.used_infrastructure + (g.x_charged = 'infrastructure')::integer,
    used_output = j.used_output + (g.x_charged = 'output')::integer,
    used_unknown = j.used_unknown + (g.x_charged <> 'none' and g.x_category = 'unknown')::integer,
    used_out_of_memory = j.used_out_of_memory + (g.x_charged <> 'none' and g.x_category = 'out_of_memory')::integer,
    attempt_id = null, owner = null, runtime_id = null, attempt_state = null, claimed_at = null, claimed_seq = null,
    claimed_by = null, launched_at = null,
    started_at = null, finalizing_at = null, object_id = null, object_index = null, adopted_while_launching = false,
    stop_intent = null, stop_requested_at = null, waiting_reason = null, waiting_message = null, node = null
  from going g where j.id = g.id and j.id = any(array(select id from going))
  returning 1
),
told as (
  insert into events (job_id, seq, at, kind, attempt, actor, reason, data)
  select id, event_seq + 1, at, x_kind, attempt, actor, x_reason, x_data::json from going
),
logs as (
  insert into log_tails (job_id, attempt_id, bytes, total_bytes, extent)
  select id, attempt_id, x_log, x_log_bytes, x_log_extent from going where x_log is not null
),
${freeSlots('going')}
select array(select attempt_id from going)::text[] as applied, (select count(*) from freed) as freed,
  array(select attempt_id from fenced where cancel_requested_at is not null)::text[] as cancelled,
  accounted('jobs, attempts', (select count(*) from going), (select count(*) from back),
    (select count(*) from kept)) as accounted`,
};

const dataOf = ({ kind, delayMs, failure, chargedTo }: Requeuing): string =>
  JSON.stringify(
    kind === 'released'
      ? { delayMs }
      : { delayMs, chargedTo, category: failure?.category ?? null, reason: failure?.reason ?? null },
  );

/** Closes attempts and gives their jobs back to the queue. */
export const requeueAttempts = async (
  sql: Sql,
  owner: IncarnationId,
  requeuings: readonly Requeuing[],
): Promise<FencedAnswer & { readonly cancelled: readonly string[] }> => {
  const each = <T>(pick: (requeuing: Requeuing) => T): T[] => requeuings.map(pick);
  const rows = await sql.run<FencedAnswer & { cancelled: readonly string[] } & Record<string, unknown>>(
    statement,
    [
      owner,
      plainArray(each(({ attemptId }) => attemptId)),
      plainArray(each(({ kind }) => kind)),
      plainArray(each(({ attemptState }) => attemptState)),
      plainArray(each(({ chargedTo }) => chargedTo)),
      plainArray(each(({ delayMs }) => delayMs)),
      plainArray(each(({ exit }) => exit?.exitCode ?? null)),
      dateArray(each(({ exit }) => exit?.startedAt ?? null)),
      dateArray(each(({ exit }) => exit?.finishedAt ?? null)),
      textArray(each(({ exit }) => exit?.node ?? null)),
      textArray(each(({ exit }) => exit?.imageDigest ?? null)),
      textArray(each(({ failure }) => jsonText(failure))),
      plainArray(each(({ log }) => log?.totalBytes ?? null)),
      bytesArray(each(({ log }) => log?.bytes ?? null)),
      plainArray(each(({ log }) => log?.extent ?? null)),
      textArray(each(({ reason }) => reason)),
      plainArray(each(({ failure }) => failure?.category ?? 'none')),
      textArray(each(dataOf)),
    ],
  );
  return onlyRow(rows);
};
