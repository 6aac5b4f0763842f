import type { JsonObject, JsonValue } from '../json/json-value.ts';
import type { Failure } from './failures.ts';
import type { AttemptId, IncarnationId, JobId } from './ids.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { AttemptState, JobState, LiveAttemptState, WaitingReason } from './states.ts';

/** Kubernetes quantities by resource name (`cpu`, `memory`, `ephemeral-storage`, extended resources). */
export interface Resources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
  /** The size of `/dev/shm`, a quantity; it counts against the memory limit. Absent: the runtime's own. */
  readonly sharedMemory?: string;
}

/** How long a job may stay in each phase, in seconds. */
export interface Deadlines {
  readonly queueSeconds: number;
  readonly startSeconds: number;
  readonly runSeconds: number;
  readonly finalizeSeconds: number;
}

/** What a job runs: complete and frozen at submission, with the image's defaults merged in. */
export interface JobSpec {
  readonly name: string | null;
  /** The registry's name of the image. */
  readonly image: string;
  /** The full reference that the name stood for at submission. */
  readonly imageReference: string;
  readonly command: readonly string[] | null;
  readonly args: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  readonly inputs: JsonObject | null;
  /** True when the job promises to write an output; without it none is collected. */
  readonly output: boolean;
  readonly resources: Resources | null;
  readonly runAsUser: number | null;
  readonly retry: RetryPolicy;
  readonly deadlines: Deadlines;
  readonly labels: Readonly<Record<string, string>>;
  /** The profile that says where it runs, by its name: what that means is read at each attempt. */
  readonly profile?: string;
  /** Variables by the names that an administrator bound to Secrets; no value is known to us. */
  readonly secretEnv?: Readonly<Record<string, string>>;
  /** Secrets with the credentials of the image's registry, from the image. */
  readonly pullSecrets?: readonly string[];
  /** The LocalQueue of Kueue; absent: that of the profile. */
  readonly localQueue?: string;
}

/** A job ready to be stored. `runAt` null: now. */
export interface NewJob {
  readonly id: JobId;
  readonly project: string;
  readonly topic: string;
  readonly priority: number;
  readonly runAt: Date | null;
  readonly spec: JobSpec;
  readonly retryOf: JobId | null;
  readonly rootJobId: JobId | null;
}

/** How often each budget was used so far; it only rises. */
export interface RetriesUsed {
  readonly user: number;
  readonly infrastructure: number;
  readonly output: number;
  /** Retries of category `unknown`, also counted in `infrastructure`. */
  readonly unknown: number;
  /** Retries of category `out_of_memory`, also counted in `user`. */
  readonly outOfMemory: number;
}

/** What an attempt runs as in its runtime: a Kubernetes Job's uid and name, or a folder's marker and name. */
export interface RuntimeObject {
  readonly uid: string;
  readonly name: string;
}

/** Why we are ending an attempt; recorded before the runtime is asked, so that it survives us. */
export type StopIntent = 'cancel' | 'run_deadline' | 'start_deadline' | 'finalize_deadline';

/** An open attempt with all that its executor needs to decide about it. */
export interface LiveAttempt {
  readonly id: AttemptId;
  readonly jobId: JobId;
  readonly number: number;
  readonly owner: IncarnationId;
  readonly runtimeKey: string;
  readonly project: string;
  readonly topic: string;
  readonly state: LiveAttemptState;
  readonly claimedAt: Date;
  /** When the runtime confirmed the object; null while a create is unresolved. */
  readonly launchedAt: Date | null;
  readonly startedAt: Date | null;
  readonly finalizingAt: Date | null;
  readonly object: RuntimeObject | null;
  /** True once another executor took it over while its create was unresolved: its finished object stays as a tombstone. */
  readonly adoptedWhileLaunching: boolean;
  readonly stopIntent: StopIntent | null;
  readonly stopRequestedAt: Date | null;
  readonly cancelRequestedAt: Date | null;
  readonly retriesUsed: RetriesUsed;
  readonly spec: JobSpec;
}

/** Why something waits, as a code and as a sentence. */
export interface Waiting {
  readonly reason: WaitingReason;
  readonly message: string;
}

/** A delivered output. `bytes` and `digest` (sha-256, hex) are of the text as the job wrote it. */
export interface JobOutput {
  readonly value: JsonValue;
  readonly bytes: number;
  readonly digest: string;
}

/** A job as people read it: live or finished, from one shape. */
export interface JobRecord {
  readonly id: JobId;
  readonly project: string;
  readonly topic: string;
  readonly state: JobState;
  readonly priority: number;
  readonly spec: JobSpec;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly runAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** When its newest attempt's program ended, by its runtime: before `finishedAt`, which is when that was recorded. */
  readonly attemptFinishedAt: Date | null;
  readonly cancelRequestedAt: Date | null;
  /** The number of the newest attempt; 0 before the first. */
  readonly attempt: number;
  readonly attemptState: AttemptState | null;
  readonly waiting: Waiting | null;
  readonly retriesUsed: RetriesUsed;
  readonly exitCode: number | null;
  readonly failure: Failure | null;
  readonly output: JobOutput | null;
  readonly retryOf: JobId | null;
  readonly rootJobId: JobId | null;
}

/** A job in lists: never its spec's bulk nor its output. */
export interface JobSummary {
  readonly id: JobId;
  readonly name: string | null;
  readonly project: string;
  readonly topic: string;
  readonly image: string;
  readonly state: JobState;
  readonly priority: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** When its newest attempt's program ended, by its runtime: before `finishedAt`, which is when that was recorded. */
  readonly attemptFinishedAt: Date | null;
  readonly attempt: number;
  readonly exitCode: number | null;
  readonly reason: string | null;
}

/** One attempt as people read it. */
export interface AttemptRecord {
  readonly id: AttemptId;
  readonly jobId: JobId;
  readonly number: number;
  readonly state: AttemptState;
  readonly runtimeKey: string;
  readonly object: RuntimeObject | null;
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
  /** What it asked for: those of the spec, with memory grown after tries that ran out of it. */
  readonly resources: Resources | null;
}

/** One line of a job's story. `seq` rises by one from 1 within a job, without gaps. */
export interface JobEvent {
  readonly jobId: JobId;
  readonly seq: number;
  readonly at: Date;
  readonly kind: JobEventKind;
  readonly attempt: number | null;
  readonly actor: string;
  readonly reason: string;
  readonly data: JsonObject;
}

export const jobEventKinds = [
  'submitted',
  'promoted',
  'claimed',
  'launched',
  'waiting',
  'started',
  'finalizing',
  'adopted',
  'stopping',
  'released',
  'retry_scheduled',
  'cancel_requested',
  'completed',
  'failed',
  'cancelled',
] as const;
export type JobEventKind = (typeof jobEventKinds)[number];
