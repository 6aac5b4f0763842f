import {
  failure,
  type Decision,
  type ExitReport,
  type Failure,
  type LiveAttempt,
} from '@job-orchestrator/types';
import { conclude } from './conclude.ts';
import { deadlineMessage, earliestOf, phaseDeadline } from './deadlines.ts';

/** True when the job's end is cancelled, whatever its program did: asking answered `accepted`. */
export const isCancelled = (attempt: LiveAttempt): boolean =>
  attempt.cancelRequestedAt !== null || attempt.stopIntent === 'cancel';

/** The deadline that ended the attempt, as its failure; null when none did. */
export const deadlineFailure = (attempt: LiveAttempt, exit: ExitReport | null = null): Failure | null => {
  const { stopIntent } = attempt;
  if (stopIntent === null || stopIntent === 'cancel') return null;
  return failure(
    stopIntent,
    deadlineMessage(attempt, stopIntent, exit?.failure?.evidence['suspended'] === true),
  );
};

/**
 * A program that ended before its deadline is judged by what it did, whenever we saw it; one that ended later ended
 * because of us, even if it answered SIGTERM with exit code 0. Start and end are of one clock, the runtime's. Strictly
 * before: Kubernetes cuts its times to the second, so an end that our stop caused may show the deadline itself.
 */
const endedInTime = (attempt: LiveAttempt, exit: ExitReport): boolean => {
  if (attempt.stopIntent === 'finalize_deadline') return true;
  // Its runtime says that it ended because we asked; what never started has no end of its own to go by.
  if (exit.failure?.reason === 'cancelled') return false;
  const startedAt = attempt.stopIntent === 'run_deadline' ? (exit.startedAt ?? attempt.startedAt) : null;
  return exit.finishedAt < phaseDeadline({ ...attempt, finalizingAt: null }, startedAt).at;
};

/** Only exit code 0 with nothing against it is a success. */
const exitFailure = (exit: ExitReport): Failure | null => {
  if (exit.failure || exit.exitCode === 0) return exit.failure;
  return failure('unknown', `the program ended with exit code ${exit.exitCode} and nobody says why`);
};

/** An output that is still to come is looked for again after this long, whatever is heard of it meanwhile. */
export const outputAgainMs = 5_000;

const awaitOutput = (attempt: LiveAttempt, exit: ExitReport, now: Date, jitter: number): Decision => {
  const again = new Date(now.getTime() + outputAgainMs);
  if (!attempt.finalizingAt) {
    const { at } = phaseDeadline({ ...attempt, finalizingAt: now }, attempt.startedAt);
    return { kind: 'finalize', checkAt: earliestOf(at, again), exit };
  }
  const { at, intent } = phaseDeadline(attempt, attempt.startedAt);
  const reason = deadlineMessage(attempt, intent);
  if (now < at) return { kind: 'wait', checkAt: earliestOf(at, again), progress: null };
  if (attempt.stopIntent === null) return { kind: 'stop', intent, reason };
  return conclude(attempt, failure(intent, reason), exit, jitter);
};

const judgeOutput = (attempt: LiveAttempt, exit: ExitReport, now: Date, jitter: number): Decision => {
  if (!attempt.spec.output) return { kind: 'succeed', exit };
  switch (exit.output.kind) {
    case 'ready':
      return { kind: 'succeed', exit };
    case 'pending':
    case 'left':
      return awaitOutput(attempt, exit, now, jitter);
    case 'lost':
      return conclude(attempt, failure('output_lost', exit.output.message), exit, jitter);
    case 'invalid':
      return conclude(attempt, failure('output_invalid', exit.output.message), exit, jitter);
    case 'none':
    default:
      return conclude(attempt, failure('output_missing', 'The program wrote no output.'), exit, jitter);
  }
};

/** The program ended: our own recorded intent first, then what the runtime says against it, then its output. */
export const decideEnded = (attempt: LiveAttempt, exit: ExitReport, now: Date, jitter: number): Decision => {
  if (isCancelled(attempt)) return { kind: 'cancel', exit };
  const ours = deadlineFailure(attempt, exit);
  if (ours && !endedInTime(attempt, exit)) return conclude(attempt, ours, exit, jitter);
  const theirs = exitFailure(exit);
  if (theirs) return conclude(attempt, theirs, exit, jitter);
  return judgeOutput(attempt, exit, now, jitter);
};

/** Nothing of a launched attempt exists any more: lost, unless we ended it ourselves. */
export const decideAbsent = (attempt: LiveAttempt, jitter: number): Decision => {
  if (isCancelled(attempt)) return { kind: 'cancel', exit: null };
  const vanished = failure('object_deleted', 'Somebody deleted what ran this attempt; it was not us.');
  return conclude(attempt, deadlineFailure(attempt) ?? vanished, null, jitter);
};
