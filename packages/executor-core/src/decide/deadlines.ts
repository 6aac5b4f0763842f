import type { LiveAttempt, StopIntent } from '@job-orchestrator/types';

type DeadlineIntent = Exclude<StopIntent, 'cancel'>;

/** The one deadline that an attempt stands under now, and what is recorded when it passes. */
export interface PhaseDeadline {
  readonly at: Date;
  readonly intent: DeadlineIntent;
}

const after = (from: Date, seconds: number): Date => new Date(from.getTime() + seconds * 1_000);

/**
 * When the program started, by the database's clock, as near as can be known: a node's clock may be minutes off, and its
 * time alone would stop a program at the first look. Between the claim and now it is believed.
 */
export const believedStart = (attempt: LiveAttempt, seen: Date, now: Date): Date =>
  new Date(Math.max(attempt.claimedAt.getTime(), Math.min(seen.getTime(), now.getTime())));

/**
 * The deadline of the phase that the attempt is in. `startedAt`: what is known of it, recorded or just seen. `startClock`:
 * waiting for quota is waiting in a queue, and under the queue's deadline; the time to start begins once it is over.
 */
export const phaseDeadline = (
  attempt: LiveAttempt,
  startedAt: Date | null,
  startClock?: 'stopped' | Date,
): PhaseDeadline => {
  const { queueSeconds, startSeconds, runSeconds, finalizeSeconds } = attempt.spec.deadlines;
  if (attempt.finalizingAt) {
    return { at: after(attempt.finalizingAt, finalizeSeconds), intent: 'finalize_deadline' };
  }
  if (startedAt) return { at: after(startedAt, runSeconds), intent: 'run_deadline' };
  if (startClock === 'stopped')
    return { at: after(attempt.claimedAt, queueSeconds), intent: 'start_deadline' };
  return { at: after(startClock ?? attempt.claimedAt, startSeconds), intent: 'start_deadline' };
};

const limitNames = {
  start_deadline: 'startSeconds',
  run_deadline: 'runSeconds',
  finalize_deadline: 'finalizeSeconds',
} as const;

/** Which limit passed, in a sentence. `heldBack`: while it waited for quota. */
export const deadlineMessage = (attempt: LiveAttempt, intent: DeadlineIntent, heldBack = false): string => {
  if (heldBack && intent === 'start_deadline')
    return `deadlines.queueSeconds (${attempt.spec.deadlines.queueSeconds} s) passed while it waited for quota`;
  const limit = limitNames[intent];
  return `deadlines.${limit} (${attempt.spec.deadlines[limit]} s) passed`;
};

/** The earliest of some moments. */
export const earliestOf = (first: Date, ...others: readonly Date[]): Date =>
  others.reduce((earliest, each) => (each < earliest ? each : earliest), first);
