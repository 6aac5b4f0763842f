import type { AttemptRef, InstallationId, JobRuntime, JobSpec, LogSource } from '@job-orchestrator/types';
import type { ShellDialect } from '../programs.ts';
import type { Program } from '../programs.ts';

export type ConformingRuntime = JobRuntime & LogSource;

/** What a runtime gives to be judged by `runtimeConformance`. One is made per test file and closed after it. */
export interface RuntimeHarness {
  readonly installation: InstallationId;
  /** A new instance over the same objects, not started yet; the suite starts and closes it. */
  makeRuntime(): Promise<ConformingRuntime>;
  readonly capabilities: {
    /** It collects outputs of jobs that declare one. */
    readonly outputs: boolean;
    /** It gives inputs to the program. */
    readonly inputs: boolean;
  };
  /** The longest wait for any one thing to happen, in milliseconds of real time. */
  readonly timeoutMs: number;
  /** What every spec needs in this runtime, such as an image that exists there. */
  readonly spec?: Partial<JobSpec>;
  /** How this runtime's shell differs from the default one. */
  readonly dialect?: Partial<ShellDialect>;
  /** Replaces the shell, where there is none (the fake). */
  readonly command?: (program: Program) => readonly string[];
  /** How many processes (or pods) of the attempt are alive now; left out where that cannot be counted. */
  readonly countAlive?: (ref: AttemptRef) => Promise<number>;
  /** Lets `ms` pass between two looks; by default in real time. */
  readonly pause?: (ms: number) => Promise<void>;
  close(): Promise<void>;
}
