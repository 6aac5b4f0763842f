import {
  grownResources,
  jobId,
  type AttemptId,
  type AttemptRecord,
  type JobEvent,
  type JobId,
} from '@job-orchestrator/types';
import type { JobEventKind, JobSpec, JsonObject, LogTail } from '@job-orchestrator/types';
import type { Sql } from '../connection/sql.ts';
import { toAttemptRecord, type AttemptRow } from './history-rows.ts';

const attemptsText = `
select a.*, r.key as "runtimeKey", s.policy from (
  select h.id, h.job_id as "jobId", h.number, h.state, h.object_uid as "objectUid", h.object_name as "objectName",
    h.claimed_at as "claimedAt", h.launched_at as "launchedAt", h.started_at as "startedAt",
    h.finished_at as "finishedAt", h.closed_at as "closedAt", h.exit_code as "exitCode", h.failure, h.node,
    h.image_digest as "imageDigest", h.log_bytes as "logBytes", h.runtime_id
  from attempts h where h.job_id = $1
  union all
  select f.attempt_id, f.id, f.attempt, f.attempt_state, f.object_uid, f.object_name, f.claimed_at, f.launched_at,
    f.started_at, f.attempt_finished_at, f.finished_at, f.exit_code, f.failure, f.node, f.image_digest, f.log_bytes,
    f.runtime_id
  from finished_jobs f where f.id = $1 and f.attempt_id is not null
  union all
  select j.attempt_id, j.id, j.attempt, j.attempt_state, o.uid, o.name, j.claimed_at, j.launched_at, j.started_at,
    null, null, null, null, j.node, null, null, j.runtime_id
  from jobs j left join runtime_objects o on o.id = j.object_id where j.id = $1 and j.attempt_id is not null
) a join runtimes r on r.id = a.runtime_id
cross join lateral (
  select json_build_object('resources', spec -> 'resources', 'retry', spec -> 'retry') as policy from (
    select spec from job_specs where id = $1) one
) s order by a.number`;

type Policy = Pick<JobSpec, 'resources' | 'retry'>;

/**
 * What each attempt asked for. It is not stored with it: it follows from the frozen spec and from how many earlier
 * attempts ran out of memory, and neither ever changes.
 */
const withResources = (
  rows: readonly (Omit<AttemptRow, 'resources'> & { readonly policy: Policy })[],
): AttemptRow[] => {
  let outOfMemory = 0;
  return rows.map(({ policy, ...row }) => {
    const resources = grownResources(policy, outOfMemory);
    if (row.failure?.category === 'out_of_memory') outOfMemory += 1;
    return { ...row, resources };
  });
};

/** All attempts of a job, in order of number. */
export const listAttempts = async (sql: Sql, id: JobId): Promise<readonly AttemptRecord[]> => {
  const rows = await sql.run<
    Omit<AttemptRow, 'resources'> & { policy: Policy; runtime_id?: number } & Record<string, unknown>
  >({ text: attemptsText }, [id]);
  return withResources(rows).map(({ runtime_id: _, ...row }: AttemptRow & { runtime_id?: number }) =>
    toAttemptRecord(row),
  );
};

interface EventRow {
  readonly seq: number;
  readonly at: Date;
  readonly kind: JobEventKind;
  readonly attempt: number | null;
  readonly actor: string;
  readonly reason: string;
  readonly data: JsonObject | null;
}

const claimedFrom = (table: string, job: string, number: string): string => `
  select claimed_seq, claimed_at, 'claimed', ${number}, 'executor:' || claimed_by, 'claimed by ' || claimed_by, null
  from ${table} where ${job} = $1 and claimed_seq > $2`;

/** The submission, each claim, and the end stand on rows of their own anyway; the others are rows of `events`. */
const eventsText = `
select * from (
  select seq, at, kind, attempt, actor, reason, data from events where job_id = $1 and seq > $2
  union all
  select 1, created_at, 'submitted', null, created_by, submit_reason, null from job_specs where id = $1 and $2 < 1
  union all ${claimedFrom('jobs', 'id', 'attempt')}
  union all ${claimedFrom('finished_jobs', 'id', 'attempt')}
  union all ${claimedFrom('attempts', 'job_id', 'number')}
  union all
  select event_seq, finished_at, state, nullif(attempt, 0), ended_by, end_reason, null
  from finished_jobs where id = $1 and event_seq > $2 and ended_by is not null
) e order by seq limit $3`;

/** Events behind `afterSeq`, in order. */
export const listEvents = async (
  sql: Sql,
  id: JobId,
  afterSeq: number,
  limit: number,
): Promise<readonly JobEvent[]> => {
  const rows = await sql.run<EventRow & Record<string, unknown>>({ text: eventsText }, [id, afterSeq, limit]);
  return rows.map((row) => ({ ...row, jobId: jobId(id), data: row.data ?? {} }));
};

/** The stored tail of an attempt's log. */
export const getLogTail = async (sql: Sql, job: JobId, attempt: AttemptId): Promise<LogTail | null> => {
  const [row] = await sql.run<LogTail & Record<string, unknown>>(
    {
      text: `select bytes, total_bytes as "totalBytes", extent from log_tails where job_id = $1 and attempt_id = $2`,
    },
    [job, attempt],
  );
  return row ?? null;
};
