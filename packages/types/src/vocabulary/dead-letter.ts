import type { FailureCategory, FailureReason } from './failures.ts';
import type { JobId } from './ids.ts';
import type { JobSummary, NewJob } from './job.ts';

/** A job that failed for good and waits for a person. */
export interface DeadLetter extends JobSummary {
  readonly category: FailureCategory;
  readonly message: string;
}

/** Which dead letters; every field narrows. `jobs` null: any. */
export interface DeadLetterFilter {
  readonly jobs: readonly JobId[] | null;
  readonly project: string | null;
  readonly topic: string | null;
  readonly image: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly category: FailureCategory | null;
  readonly reason: FailureReason | null;
}

/** What a person decided about a dead letter. */
export interface DeadLetterDecision {
  readonly kind: 'redriven' | 'discarded';
  /** The job that runs in its place; null for a discarded one. */
  readonly newJobId: JobId | null;
  readonly at: Date;
  readonly actor: string;
  readonly reason: string;
}

/** A failed job, and the new one that is to run in its place. */
export interface Redrive {
  readonly failed: JobId;
  readonly job: NewJob;
}
