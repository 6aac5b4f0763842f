import type { Clock, Database, IncarnationId, JobRuntime, Logger, Random } from '@job-orchestrator/types';

/** What an administrator sets of an executor. */
export interface ExecutorConfig {
  readonly name: string;
  /** Topics to serve; null: all. */
  readonly topics: readonly string[] | null;
  /** Most attempts held at once. */
  readonly maxRunning: number;
  /** Most jobs claimed at once. */
  readonly batchSize: number;
  /** Milliseconds between safety polls of the queue; wake-ups come long before. */
  readonly pollIntervalMs: number;
  /** Most objects created in a second. */
  readonly launchRatePerSecond: number;
  /** True where the folder lock is the lease: every other executor's lease ends at our start. */
  readonly sole: boolean;
  readonly version: string;
}

/** The ports that an executor lives on. */
export interface ExecutorDependencies {
  readonly database: Database;
  readonly runtime: JobRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly newIncarnation: () => IncarnationId;
  readonly config: ExecutorConfig;
}
