import {
  attemptId,
  incarnationId,
  jobId,
  type JobSpec,
  type LiveAttempt,
  type LiveAttemptState,
  type RetriesUsed,
  type StopIntent,
} from '@job-orchestrator/types';
import { fromStoredSpec, type StoredSpec } from './stored-spec.ts';

/** The counters of retries, as rows carry them. A null is 0: it is read in a tenth of the time. */
export interface UsedRow {
  readonly usedUser: number | null;
  readonly usedInfrastructure: number | null;
  readonly usedOutput: number | null;
  readonly usedUnknown: number | null;
  readonly usedOutOfMemory: number | null;
}

/** An open attempt as a row; what a new attempt cannot have yet may be missing. */
export interface LiveRow extends UsedRow {
  readonly id: string;
  readonly jobId: string;
  readonly number: number;
  readonly owner: string;
  readonly runtimeKey: string;
  readonly project: string;
  readonly topic: string;
  readonly state: LiveAttemptState;
  readonly claimedAt: Date;
  readonly launchedAt?: Date | null;
  readonly startedAt?: Date | null;
  readonly finalizingAt?: Date | null;
  readonly objectUid?: string | null;
  readonly objectName?: string | null;
  readonly adoptedWhileLaunching?: boolean;
  readonly stopIntent?: StopIntent | null;
  readonly stopRequestedAt?: Date | null;
  readonly cancelRequestedAt?: Date | null;
  readonly spec: StoredSpec;
}

export const toRetriesUsed = (row: UsedRow): RetriesUsed => ({
  user: row.usedUser ?? 0,
  infrastructure: row.usedInfrastructure ?? 0,
  output: row.usedOutput ?? 0,
  unknown: row.usedUnknown ?? 0,
  outOfMemory: row.usedOutOfMemory ?? 0,
});

/** The runtime's object of a row; null before it was confirmed. */
export const toRuntimeObject = (uid: string | null | undefined, name: string | null | undefined) =>
  uid === null || uid === undefined ? null : { uid, name: name ?? '' };

const withSpec = (row: Omit<LiveRow, 'spec'>, spec: JobSpec): LiveAttempt => ({
  id: attemptId(row.id),
  jobId: jobId(row.jobId),
  number: row.number,
  owner: incarnationId(row.owner),
  runtimeKey: row.runtimeKey,
  project: row.project,
  topic: row.topic,
  state: row.state,
  claimedAt: row.claimedAt,
  launchedAt: row.launchedAt ?? null,
  startedAt: row.startedAt ?? null,
  finalizingAt: row.finalizingAt ?? null,
  object: toRuntimeObject(row.objectUid, row.objectName),
  adoptedWhileLaunching: row.adoptedWhileLaunching ?? false,
  stopIntent: row.stopIntent ?? null,
  stopRequestedAt: row.stopRequestedAt ?? null,
  cancelRequestedAt: row.cancelRequestedAt ?? null,
  retriesUsed: toRetriesUsed(row),
  spec,
});

export const toLiveAttempt = (row: LiveRow): LiveAttempt => withSpec(row, fromStoredSpec(row.spec));

/** A row whose spec is whole already, and may be that of other rows too. */
export const toClaimedAttempt = (row: Omit<LiveRow, 'spec'> & { readonly spec: JobSpec }): LiveAttempt =>
  withSpec(row, row.spec);

/** The columns of a `LiveRow`, read from `liveTables`. */
export const liveColumns = `j.attempt_id as id, j.id as "jobId", j.attempt as number, j.owner, r.key as "runtimeKey",
  t.project, t.name as topic, j.attempt_state as state, j.claimed_at as "claimedAt", j.launched_at as "launchedAt",
  j.started_at as "startedAt", j.finalizing_at as "finalizingAt", o.uid as "objectUid", o.name as "objectName",
  j.adopted_while_launching as "adoptedWhileLaunching", j.stop_intent as "stopIntent",
  j.stop_requested_at as "stopRequestedAt", j.cancel_requested_at as "cancelRequestedAt", j.used_user as "usedUser",
  j.used_infrastructure as "usedInfrastructure", j.used_output as "usedOutput", j.used_unknown as "usedUnknown",
  j.used_out_of_memory as "usedOutOfMemory", s.spec`;

/** What belongs to a live job `j`; each is found by its key, whatever the statistics say. */
export const liveTables = `
cross join lateral (select spec from job_specs where id = j.id limit 1) s
left join lateral (select uid, name from runtime_objects where id = j.object_id limit 1) o on true
join topics t on t.id = j.topic_id
join runtimes r on r.id = j.runtime_id`;
