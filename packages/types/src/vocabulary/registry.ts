import type { AttemptId, IncarnationId, JobId } from './ids.ts';
import type { Resources } from './job.ts';

/** The digest that a reference pins; null where it names what may change: `sha256:` and 64 hex digits. */
export const imageDigestOf = (reference: string): string | null =>
  /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1] ?? null;

/** An entry of the image registry: the name users refer to, and the defaults that a job inherits. */
export interface Image {
  readonly project: string;
  readonly name: string;
  readonly reference: string;
  readonly command: readonly string[] | null;
  readonly args: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  readonly resources: Resources | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly runAsUser: number | null;
  /** Secrets of the jobs' namespace with the credentials of its registry. */
  readonly pullSecrets?: readonly string[];
  readonly active: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What an administrator gives to register or replace an image. */
export type NewImage = Omit<Image, 'active' | 'createdAt' | 'updatedAt'>;

/** A topic with what stands in it now. `limit` null: none. */
export interface Topic {
  readonly project: string;
  readonly name: string;
  readonly paused: boolean;
  readonly limit: number | null;
  readonly scheduled: number;
  readonly pending: number;
  readonly claimed: number;
  readonly running: number;
  /** When the oldest job that could start was due; null when none waits. */
  readonly oldestPendingAt: Date | null;
}

export const runtimeKinds = ['kubernetes', 'process'] as const;
export type RuntimeKind = (typeof runtimeKinds)[number];

/** An executor as it registers. `topics` null: all. `runtimeKey` says whose attempts it may adopt. */
export interface NewExecutor {
  readonly incarnation: IncarnationId;
  readonly name: string;
  readonly runtimeKind: RuntimeKind;
  readonly runtimeKey: string;
  readonly topics: readonly string[] | null;
  readonly maxRunning: number;
  readonly version: string;
}

/**
 * What an executor cannot work on, and leaves where it is so that the others go on: an attempt whose work fails again and
 * again, or an object of the runtime that cannot be read.
 */
export interface SetAside {
  readonly kind: 'attempt' | 'object';
  /** The attempt's job, where it is known. */
  readonly jobId: JobId | null;
  /** The attempt's id, or kind and name of the object. */
  readonly name: string;
  /** What went wrong, in a sentence. */
  readonly message: string;
}

/** What is known of deaths: executors of one runtime and version whose lease ran out in the last half hour. */
export interface Deaths {
  readonly count: number;
  /** How many of them had this attempt in hand, and said so. */
  readonly withInHand: ReadonlyMap<AttemptId, number>;
}

/** An executor as people read it. */
export interface ExecutorRecord extends NewExecutor {
  readonly startedAt: Date;
  readonly beatAt: Date;
  /** True while its lease is valid by the database's clock. */
  readonly live: boolean;
  readonly draining: boolean;
  readonly running: number;
  /** At most 50. */
  readonly setAside: readonly SetAside[];
}
