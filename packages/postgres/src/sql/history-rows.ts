import {
  attemptId,
  jobId,
  type AttemptRecord,
  type JobRecord,
  type JobSummary,
} from '@job-orchestrator/types';
import type {
  AttemptState,
  Failure,
  JobState,
  JsonValue,
  Resources,
  WaitingReason,
} from '@job-orchestrator/types';
import { fromStoredSpec, type StoredSpec } from './stored-spec.ts';
import { toRetriesUsed, toRuntimeObject, type UsedRow } from './live-rows.ts';

/** A job as one row, live or finished. */
export interface JobRow extends UsedRow {
  readonly id: string;
  readonly project: string;
  readonly topic: string;
  readonly state: JobState;
  readonly rank: number;
  readonly spec: StoredSpec;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly runAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly attemptFinishedAt: Date | null;
  readonly cancelRequestedAt: Date | null;
  readonly attempt: number;
  readonly attemptState: AttemptState | null;
  readonly waitingReason: WaitingReason | null;
  readonly waitingMessage: string | null;
  readonly exitCode: number | null;
  readonly failure: Failure | null;
  readonly output: JsonValue;
  readonly outputBytes: number | null;
  readonly outputDigest: string | null;
  readonly retryOf: string | null;
  readonly rootJobId: string | null;
}

export const toJobRecord = (row: JobRow): JobRecord => ({
  id: jobId(row.id),
  project: row.project,
  topic: row.topic,
  state: row.state,
  priority: 0 - row.rank,
  spec: fromStoredSpec(row.spec),
  createdAt: row.createdAt,
  createdBy: row.createdBy,
  runAt: row.runAt,
  startedAt: row.startedAt,
  finishedAt: row.finishedAt,
  attemptFinishedAt: row.attemptFinishedAt,
  cancelRequestedAt: row.cancelRequestedAt,
  attempt: row.attempt,
  attemptState: row.attemptState,
  waiting:
    row.waitingReason === null ? null : { reason: row.waitingReason, message: row.waitingMessage ?? '' },
  retriesUsed: toRetriesUsed(row),
  exitCode: row.exitCode,
  failure: row.failure,
  output:
    row.outputDigest === null
      ? null
      : { value: row.output, bytes: row.outputBytes ?? 0, digest: row.outputDigest },
  retryOf: row.retryOf === null ? null : jobId(row.retryOf),
  rootJobId: row.rootJobId === null ? null : jobId(row.rootJobId),
});

/** A job in lists, as a row. */
export interface SummaryRow {
  readonly id: string;
  readonly name: string | null;
  readonly project: string;
  readonly topic: string;
  readonly image: string;
  readonly state: JobState;
  readonly rank: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly attemptFinishedAt: Date | null;
  readonly attempt: number;
  readonly exitCode: number | null;
  readonly reason: string | null;
}

export const toJobSummary = ({ rank, id, ...row }: SummaryRow): JobSummary => ({
  ...row,
  id: jobId(id),
  priority: 0 - rank,
});

/** An attempt as a row. */
export interface AttemptRow {
  readonly id: string;
  readonly jobId: string;
  readonly number: number;
  readonly state: AttemptState;
  readonly runtimeKey: string;
  readonly objectUid: string | null;
  readonly objectName: string | null;
  readonly claimedAt: Date;
  readonly launchedAt: Date | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly closedAt: Date | null;
  readonly exitCode: number | null;
  readonly failure: Failure | null;
  readonly node: string | null;
  readonly imageDigest: string | null;
  readonly logBytes: number | null;
  readonly resources: Resources | null;
}

export const toAttemptRecord = ({
  id,
  jobId: job,
  objectUid,
  objectName,
  ...row
}: AttemptRow): AttemptRecord => ({
  ...row,
  id: attemptId(id),
  jobId: jobId(job),
  object: toRuntimeObject(objectUid, objectName),
});
