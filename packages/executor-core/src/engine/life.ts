import type {
  AttemptId,
  AttemptRef,
  IncarnationId,
  InstallationId,
  LiveAttempt,
} from '@job-orchestrator/types';
import type { ExecutorDependencies } from '../config.ts';
import type { DatabaseTime } from '../lease/database-time.ts';
import type { Lease } from '../lease/lease.ts';
import type { Placing } from '../launch/placing.ts';
import type { RateLimit } from '../launch/rate-limit.ts';
import type { Recorder } from '../record/recorder.ts';
import type { Removals } from '../record/removals.ts';
import type { HeldAttempts, Parting } from './held-attempts.ts';

/**
 * One life of an executor, from its registration to the loss of its lease: all state that dies with an incarnation.
 * The routines below take it as their first argument.
 */
export interface Life {
  readonly deps: ExecutorDependencies;
  readonly installation: InstallationId;
  readonly incarnation: IncarnationId;
  readonly lease: Lease;
  readonly time: DatabaseTime;
  readonly held: HeldAttempts;
  readonly recorder: Recorder;
  readonly launchRate: RateLimit;
  readonly removals: Removals;
  /** Look at this attempt now. */
  look(id: AttemptId): void;
  /** Look at it now, whatever else is looked at; resolves when that is done. Never rejects. */
  lookNow(id: AttemptId): Promise<void>;
  /** Look at it after this long, instead of when it was set before. */
  lookLater(id: AttemptId, delayMs: number): void;
  /** A slot may be free, or a job due. */
  wakeClaims(): void;
  /** How many launches wait for their turn or are under way. */
  launching(): number;
  /** Launches that the runtime did not take, and that wait to be asked for again. */
  readonly stalled: Set<AttemptId>;
  /** Launches on their way to a place to run; removals wait for them. */
  readonly placing: Placing;
  /** Does work that nobody waits for, but that a drain does. */
  background(work: Promise<void>): void;
  /** An attempt is over for us: frees its slot. What is `done` is never held again. */
  letGo(id: AttemptId, why: Parting): void;
  /** False once this life is over: nothing more may be done in its name. */
  alive(): boolean;
}

/** How the runtime knows an attempt. */
export const refOf = (life: Life, attempt: LiveAttempt): AttemptRef => ({
  installation: life.installation,
  jobId: attempt.jobId,
  attemptNumber: attempt.number,
  attemptId: attempt.id,
  object: attempt.object,
});
