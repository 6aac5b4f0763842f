import {
  attemptId,
  installationId,
  isUuid,
  jobId,
  type AttemptRef,
  type InstallationId,
  type JobId,
} from '@job-orchestrator/types';
import { textOr } from './system-clock.ts';

/** The labels and annotations that we write, and nobody else may. */
export const labels = {
  managedBy: 'app.kubernetes.io/managed-by',
  installation: 'job-orchestrator.io/installation',
  jobId: 'job-orchestrator.io/job-id',
  attemptId: 'job-orchestrator.io/attempt-id',
  attempt: 'job-orchestrator.io/attempt',
  shard: 'job-orchestrator.io/shard',
  topic: 'job-orchestrator.io/topic',
} as const;
export const managedBy = 'job-orchestrator';

export const annotations = {
  /** The job's inputs, on the pod; the downward API makes a file of it. */
  inputs: 'job-orchestrator.io/inputs',
  /** When we asked the attempt to end, on the Job. */
  stopRequested: 'job-orchestrator.io/stop-requested',
  /** The attempt id that the Job was created under, before a database that went back in time took it over. */
  takenOverFrom: 'job-orchestrator.io/taken-over-from',
} as const;

/** Selects everything of one installation. */
export const installationSelector = (installation: InstallationId): string =>
  `${labels.managedBy}=${managedBy},${labels.installation}=${installation}`;

const shardCount = 64;

/** Which of 64 shards a job is in, so that watches can be divided later. The end of a UUIDv7 is random enough to be its own hash. */
export const shardOf = (job: JobId): number => Number.parseInt(job.slice(-4), 16) % shardCount;

/** What our labels say of an attempt. */
export type LabelledAttempt = Omit<AttemptRef, 'object'>;

/** The labels of one attempt's Job and pod. */
export const attemptLabels = (ref: LabelledAttempt): Record<string, string> => ({
  [labels.managedBy]: managedBy,
  [labels.installation]: ref.installation,
  [labels.jobId]: ref.jobId,
  [labels.attemptId]: ref.attemptId,
  [labels.attempt]: String(ref.attemptNumber),
  [labels.shard]: String(shardOf(ref.jobId)),
});

/** Reads our labels back; null when one is missing or malformed. */
export const readAttemptLabels = (
  given: Readonly<Record<string, unknown>> | null | undefined,
): LabelledAttempt | null => {
  const [installation, job, attempt, number] = [
    labels.installation,
    labels.jobId,
    labels.attemptId,
    labels.attempt,
  ].map((key) => textOr(given?.[key], '')) as [string, string, string, string];
  if (given?.[labels.managedBy] !== managedBy || ![installation, job, attempt].every(isUuid)) return null;
  if (!/^[1-9]\d{0,8}$/.test(number)) return null;
  return {
    installation: installationId(installation),
    jobId: jobId(job),
    attemptId: attemptId(attempt),
    attemptNumber: Number(number),
  };
};

/** True when two name the same execution: one installation, job and number, whatever id the attempt has. */
export const sameExecution = (one: LabelledAttempt, other: LabelledAttempt): boolean =>
  one.installation === other.installation &&
  one.jobId === other.jobId &&
  one.attemptNumber === other.attemptNumber;

/** True when two name the same attempt of the same installation. */
export const sameAttempt = (one: LabelledAttempt, other: LabelledAttempt): boolean =>
  sameExecution(one, other) && one.attemptId === other.attemptId;
