import {
  failure,
  type AttemptId,
  type ClosedAttemptState,
  type JobOutput,
  type LogTail,
} from '@job-orchestrator/types';
import type { ExitReport, Failure, IncarnationId, TerminalJobState } from '@job-orchestrator/types';
import { bytesArray, dateArray, jsonText, plainArray, textArray } from '../connection/literals.ts';
import { onlyRow, type Sql, type Statement } from '../connection/sql.ts';
import { fence, freeSlots, type FencedAnswer } from './fence.ts';

/** An attempt that ends its job. */
export interface Ending {
  readonly attemptId: AttemptId;
  readonly state: TerminalJobState;
  readonly attemptState: ClosedAttemptState;
  readonly exit: ExitReport | null;
  readonly failure: Failure | null;
  readonly output: JobOutput | null;
  readonly log: LogTail | null;
  readonly reason: string;
}

/** A job whose cancel was accepted ends cancelled, whatever its program did meanwhile. */
const cancelledFailure = JSON.stringify(failure('cancelled', 'cancelled as asked'));

const inputs = [
  '$3::text[]',
  '$4::text[]',
  '$5::integer[]',
  '$6::timestamptz[]',
  '$7::timestamptz[]',
  '$8::text[]',
  '$9::text[]',
  '$10::text[]',
  '$11::bigint[]',
  '$12::bytea[]',
  '$13::text[]',
  '$14::text[]',
  '$15::integer[]',
  '$16::text[]',
];
const names = [
  'x_state',
  'x_attempt_state',
  'x_exit_code',
  'x_started_at',
  'x_finished_at',
  'x_node',
  'x_image_digest',
  'x_failure',
  'x_log_bytes',
  'x_log',
  'x_reason',
  'x_output',
  'x_output_bytes',
  'x_output_digest',
];

/**
 * Job, spec and attempt move into history, the event is written, the log kept, and the slot freed: one round trip for
 * a batch of any size. Rows leave the live tables by their keys (`= any(array(…))`), never by a join.
 */
const statement: Statement = {
  name: 'end_attempts',
  text: `${fence(inputs, names)},
ending as materialized (
  select f.*, case when f.cancel_requested_at is null then f.x_state else 'cancelled' end as end_state,
         f.event_seq + 1 as end_seq, clock_timestamp() as end_at,
         s.created_at, s.created_by, s.submit_reason, s.name as spec_name, s.image, s.labels, s.spec, s.retry_of,
         s.root_job_id
  from fenced f cross join lateral (select * from job_specs where id = f.id limit 1) s
),
finished as (
  insert into finished_jobs (id, topic_id, state, rank, run_at, finished_at, event_seq, attempt, used_user,
    used_infrastructure, used_output, used_unknown, used_out_of_memory, cancel_requested_at, created_at, created_by,
    submit_reason, name, image, labels, spec, retry_of, root_job_id, output, output_bytes, output_digest, failure,
    attempt_id, attempt_state, owner, runtime_id, object_uid, object_name, claimed_at, launched_at, started_at,
    attempt_finished_at, exit_code, node, image_digest, log_bytes)
  select id, topic_id, end_state, rank, run_at, end_at, end_seq, attempt, used_user, used_infrastructure, used_output,
    used_unknown, used_out_of_memory, cancel_requested_at, created_at, created_by, submit_reason, spec_name, image,
    labels, spec, retry_of, root_job_id,
    case end_state when 'completed' then x_output::json end,
    case end_state when 'completed' then x_output_bytes end,
    case end_state when 'completed' then x_output_digest end,
    case end_state when 'completed' then null when 'cancelled' then $17::json else x_failure::json end,
    attempt_id, x_attempt_state, owner, runtime_id, o.uid, o.object_name, claimed_at, launched_at,
    coalesce(started_at, x_started_at), x_finished_at, x_exit_code, coalesce(x_node, node), x_image_digest, x_log_bytes
  from ending e
  left join lateral (select uid, name as object_name from runtime_objects where id = e.object_id limit 1) o on true
  returning 1
),
told as (
  insert into events (job_id, seq, at, kind, attempt, actor, reason)
  select id, end_seq, end_at, end_state, attempt, actor,
         case when end_state = x_state then x_reason else 'cancelled as asked' end from ending
  returning 1
),
logs as (
  insert into log_tails (job_id, attempt_id, bytes, total_bytes)
  select id, attempt_id, x_log, x_log_bytes from ending where x_log is not null
),
gone as (delete from jobs where id = any(array(select id from ending)) returning 1),
specs_gone as (delete from job_specs where id = any(array(select id from ending)) returning 1),
${freeSlots('ending')}
select array(select attempt_id from ending)::text[] as applied, (select count(*) from freed) as freed,
  accounted('jobs, job_specs, finished_jobs', (select count(*) from fenced), (select count(*) from gone),
    (select count(*) from specs_gone), (select count(*) from finished)) as accounted`,
};

/** Ends jobs with their attempts, each in the state that its ending names, or cancelled where that was asked. */
export const endAttempts = async (
  sql: Sql,
  owner: IncarnationId,
  endings: readonly Ending[],
): Promise<FencedAnswer> => {
  const each = <T>(pick: (ending: Ending) => T): T[] => endings.map(pick);
  const rows = await sql.run<FencedAnswer & Record<string, unknown>>(statement, [
    owner,
    plainArray(each(({ attemptId }) => attemptId)),
    plainArray(each(({ state }) => state)),
    plainArray(each(({ attemptState }) => attemptState)),
    plainArray(each(({ exit }) => exit?.exitCode ?? null)),
    dateArray(each(({ exit }) => exit?.startedAt ?? null)),
    dateArray(each(({ exit }) => exit?.finishedAt ?? null)),
    textArray(each(({ exit }) => exit?.node ?? null)),
    textArray(each(({ exit }) => exit?.imageDigest ?? null)),
    textArray(each(({ failure: why }) => jsonText(why))),
    plainArray(each(({ log }) => log?.totalBytes ?? null)),
    bytesArray(each(({ log }) => log?.bytes ?? null)),
    textArray(each(({ reason }) => reason)),
    textArray(each(({ output }) => (output === null ? null : JSON.stringify(output.value)))),
    plainArray(each(({ output }) => output?.bytes ?? null)),
    textArray(each(({ output }) => output?.digest ?? null)),
    cancelledFailure,
  ]);
  return onlyRow(rows);
};
