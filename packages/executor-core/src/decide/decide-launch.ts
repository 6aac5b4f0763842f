import {
  failure,
  type AttemptId,
  type ClosingDecision,
  type EnsureOutcome,
  type LiveAttempt,
  type Progress,
  type RuntimeObject,
  type WaitingReason,
} from '@job-orchestrator/types';
import { conclude } from './conclude.ts';
import { deadlineMessage, phaseDeadline } from './deadlines.ts';
import { isCancelled } from './decide-ended.ts';

/**
 * What an executor knows of a launch. `certain`: no create of this attempt can still be under way anywhere,
 * for none was sent, or each was answered. `tries`: how often it asked in vain. `unreachable`: the last time, the runtime
 * could not be asked.
 */
export interface LaunchInput {
  readonly attempt: LiveAttempt;
  readonly certain: boolean;
  readonly tries: number;
  readonly unreachable: boolean;
  readonly now: Date;
  readonly jitter: number;
}

/**
 * `launched`: record the object, and say `reason` of it. `again`: ask again, same name; `stalled`: it is the runtime that
 * takes no launches now, as far as this one tells. `release`: the job goes back unspent.
 */
export type LaunchDecision =
  | {
      readonly kind: 'launched';
      readonly object: RuntimeObject;
      readonly created: boolean;
      readonly reason: string | null;
    }
  | { readonly kind: 'release'; readonly reason: string }
  | {
      readonly kind: 'again';
      readonly delayMs: number;
      readonly certain: boolean;
      readonly stalled: boolean;
      readonly progress: Progress | null;
    }
  | ClosingDecision;

const againBaseMs = 250;
const againCapMs = 30_000;

/** Rises from 250 ms to 30 s; never under half of it, so that an outage makes no hot loop. */
const againDelayMs = (tries: number, jitter: number): number => {
  const ceiling = Math.min(againCapMs, againBaseMs * 2 ** Math.min(tries, 20));
  return Math.floor(ceiling / 2 + (jitter * ceiling) / 2);
};

const waits = (reason: WaitingReason, message: string): Progress => ({
  kind: 'waiting',
  waiting: { reason, message },
});

type Again = Extract<LaunchDecision, { kind: 'again' }>;

/** So many tries take two minutes and more: twice as long as an API server works on any request before it gives up. */
const answeredByNow = 14;

/**
 * `answered`: nothing of this try can still be under way. One that has been asked for so long tells of itself (an object
 * that nobody can read), and no longer of the runtime: twenty such must not keep all others from their start.
 */
const askAgain = (input: LaunchInput, reason: WaitingReason, message: string, answered: boolean): Again => ({
  kind: 'again',
  delayMs: againDelayMs(input.tries, input.jitter),
  certain: answered && input.certain,
  stalled: input.tries < answeredByNow,
  progress: waits(reason, message),
});

type Conclusion = ReturnType<typeof conclude>;
type Release = Extract<LaunchDecision, { kind: 'release' }>;

/**
 * Too late to start: the attempt failed, but not because of a runtime that cannot be reached. An outage longer than the
 * deadline would burn the whole queue, a thousand jobs at a time: they go back unspent, under the queue's deadline.
 */
const startDeadline = ({ attempt, now, jitter, unreachable }: LaunchInput): Conclusion | Release | null => {
  const { at, intent } = phaseDeadline(attempt, null);
  if (now < at) return null;
  const message = deadlineMessage(attempt, intent);
  if (unreachable) return { kind: 'release', reason: `${message} while the runtime could not be reached` };
  return conclude(attempt, failure(intent, message), null, jitter);
};

/** Ends an attempt of which nothing exists nor will: cancelled, or too late to start. Null: go on. */
export const withholdLaunch = (input: LaunchInput): ClosingDecision | Release | null => {
  if (!input.certain) return null;
  if (isCancelled(input.attempt)) return { kind: 'cancel', exit: null };
  return startDeadline(input);
};

/**
 * Ends an attempt whose object is not there now, though an earlier create may still make one: cancelled, or failed for
 * good, where no other attempt follows. What comes late is a closed attempt's: the janitor stops and removes it.
 */
const giveUp = (input: LaunchInput, end: Conclusion | Release | null): ClosingDecision | Release | null => {
  if (isCancelled(input.attempt)) return { kind: 'cancel', exit: null };
  return end?.kind === 'fail' || input.certain ? end : null;
};

const busy = (input: LaunchInput, outcome: Extract<EnsureOutcome, { kind: 'busy' }>): LaunchDecision => {
  const again = askAgain(input, outcome.reason, outcome.message, true);
  // A quarter of spread, so that those who were told the same moment do not all come at it.
  const asTold = Math.floor(outcome.retryAfterMs * (1 + input.jitter / 4));
  const unreachable = outcome.reason === 'runtime_unreachable';
  return (
    giveUp(input, startDeadline({ ...input, unreachable })) ?? {
      ...again,
      delayMs: Math.max(again.delayMs, asTold),
    }
  );
};

/** A refusal closes the attempt, unless another try would follow while an earlier create is unresolved. */
const refused = (
  input: LaunchInput,
  outcome: Extract<EnsureOutcome, { kind: 'refused' }>,
): LaunchDecision => {
  const end = conclude(input.attempt, outcome.failure, null, input.jitter);
  return giveUp(input, end) ?? askAgain(input, 'runtime_unreachable', outcome.failure.message, false);
};

/** The lease is in doubt, or over: the beat will tell. Asked again after this long. */
export const noLeaseMs = 500;

const takenOver = (from: AttemptId): string =>
  `the database went back in time: the program of this attempt was there already, begun as attempt ${from}, ` +
  'which the database does not know any more; it goes on as it is';

/**
 * A later attempt of the job is in the runtime, and the database has forgotten it. This number is past; under the next ones
 * the job comes to the one that is there, and takes it over. An earlier create in doubt is waited for first.
 */
const superseded = (input: LaunchInput, by: number): LaunchDecision => {
  const reason = `the database went back in time: attempt ${by} of this job is in the runtime already`;
  if (isCancelled(input.attempt)) return { kind: 'cancel', exit: null };
  return input.certain || input.tries >= answeredByNow
    ? { kind: 'release', reason }
    : { ...askAgain(input, 'runtime_unreachable', reason, false), stalled: false };
};

/** What follows from the answer of `ensure`. No answer but a certain one ever ends the attempt. */
export const decideLaunch = (input: LaunchInput, outcome: EnsureOutcome): LaunchDecision => {
  switch (outcome.kind) {
    case 'created':
    case 'exists':
    // Also what is on its way out was created once: recorded, it is lost when it is gone, and never made again.
    case 'terminating':
      return {
        kind: 'launched',
        object: outcome.object,
        created: outcome.kind === 'created',
        reason: null,
      };
    case 'taken_over':
      return {
        kind: 'launched',
        object: outcome.object,
        created: false,
        reason: takenOver(outcome.from),
      };
    case 'superseded':
      return superseded(input, outcome.by);
    case 'busy':
      return busy(input, outcome);
    case 'refused':
      return refused(input, outcome);
    case 'withheld':
      return { kind: 'again', delayMs: noLeaseMs, certain: input.certain, stalled: false, progress: null };
    case 'unresolved':
    default:
      return askAgain(input, 'runtime_unreachable', outcome.message, false);
  }
};
