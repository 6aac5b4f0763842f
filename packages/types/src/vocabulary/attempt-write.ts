import type { ClosingDecision, Progress } from './decision.ts';
import type { AttemptId } from './ids.ts';
import type { RuntimeObject, StopIntent } from './job.ts';

/**
 * How well a log's extent is known. `exact`: `totalBytes` is what it had. `at_least`: it had so much or more before its end.
 * `end_missing`: what came after `bytes` could not be read.
 */
export type LogExtent = 'exact' | 'at_least' | 'end_missing';

/** The end of a program's log, as bytes, and how much the whole log had. */
export interface LogTail {
  readonly bytes: Uint8Array;
  readonly totalBytes: number;
  readonly extent: LogExtent;
}

/** What is stored of a log that could not be read. */
export const unreadLog: LogTail = { bytes: new Uint8Array(0), totalBytes: 0, extent: 'end_missing' };

/**
 * One change of one attempt, each with its own meaning; there is no generic "set status".
 * Only the constructors below make them, and only `JobQueueRepository.applyWrites` stores them.
 */
export type AttemptWrite =
  | {
      readonly kind: 'launched';
      readonly attemptId: AttemptId;
      readonly object: RuntimeObject;
      readonly reason: string | null;
    }
  | { readonly kind: 'progressed'; readonly attemptId: AttemptId; readonly progress: Progress }
  | {
      readonly kind: 'stopping';
      readonly attemptId: AttemptId;
      readonly intent: StopIntent;
      readonly reason: string;
    }
  | { readonly kind: 'finalizing'; readonly attemptId: AttemptId; readonly reason: string }
  | {
      readonly kind: 'released';
      readonly attemptId: AttemptId;
      readonly delayMs: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'closed';
      readonly attemptId: AttemptId;
      readonly decision: ClosingDecision;
      readonly log: LogTail | null;
      readonly reason: string;
    };

/** The runtime confirmed the attempt's object. `reason` tells what was out of the ordinary; null: nothing. */
export const launched = (
  attemptId: AttemptId,
  object: RuntimeObject,
  reason: string | null = null,
): AttemptWrite => ({ kind: 'launched', attemptId, object, reason });

/** The attempt waits for something else than before, or its program runs. */
export const progressed = (attemptId: AttemptId, progress: Progress): AttemptWrite => ({
  kind: 'progressed',
  attemptId,
  progress,
});

/** We are about to end the attempt, and why: recorded before the runtime is asked. */
export const stopping = (attemptId: AttemptId, intent: StopIntent, reason: string): AttemptWrite => ({
  kind: 'stopping',
  attemptId,
  intent,
  reason,
});

/** The program ended with 0 and its output is still on the way. */
export const finalizing = (attemptId: AttemptId): AttemptWrite => ({
  kind: 'finalizing',
  attemptId,
  reason: 'the program ended; waiting for its output',
});

/**
 * The job goes back to its queue unspent: certain that nothing was or will be created for this attempt.
 * Its number is used up all the same, for numbers never repeat. The job is due again after `delayMs`.
 */
export const released = (attemptId: AttemptId, delayMs: number, reason: string): AttemptWrite => ({
  kind: 'released',
  attemptId,
  delayMs,
  reason,
});

const closingReason = (decision: ClosingDecision): string => {
  if (decision.kind === 'succeed') return 'the program ended with exit code 0';
  if (decision.kind === 'cancel') return 'cancelled as asked';
  return decision.failure.message;
};

/** The attempt ended; the job completes, fails, is cancelled, or is scheduled again. */
export const closed = (
  attemptId: AttemptId,
  decision: ClosingDecision,
  log: LogTail | null,
): AttemptWrite => ({
  kind: 'closed',
  attemptId,
  decision,
  log,
  reason: closingReason(decision),
});
