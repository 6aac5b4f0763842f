import {
  failure,
  type Decision,
  type LiveAttempt,
  type Observation,
  type Progress,
  type WaitingReason,
} from '@job-orchestrator/types';
import { conclude } from './conclude.ts';
import { believedStart, deadlineMessage, earliestOf, phaseDeadline } from './deadlines.ts';
import { deadlineFailure, decideAbsent, decideEnded, isCancelled } from './decide-ended.ts';

/** All that a decision follows from. `now` is the database's time; `jitter` is uniform in [0, 1). */
export interface DecisionInput {
  readonly attempt: LiveAttempt;
  readonly observation: Observation;
  readonly now: Date;
  readonly jitter: number;
}

/** An attempt of which nothing is heard is looked at again after this long: a lost event costs latency only. */
export const lookAgainMs = 300_000;
/** A runtime that cannot be asked, or an object on its way out, is looked at again after this long. */
export const holdMs = 10_000;

type LiveObservation = Exclude<Observation, { kind: 'unreachable' | 'absent' | 'ended' }>;

const inMs = (now: Date, ms: number): Date => new Date(now.getTime() + ms);

/** What people read while the program has not started; a running attempt never goes back to waiting. */
const waits = (attempt: LiveAttempt, reason: WaitingReason, message: string): Progress | null =>
  attempt.state === 'launching' || attempt.state === 'waiting'
    ? { kind: 'waiting', waiting: { reason, message } }
    : null;

/**
 * Nothing may be concluded: from a runtime that cannot say, or about an object whose create is unresolved,
 * for what is absent now may still appear.
 */
const hold = ({ attempt, observation, now }: DecisionInput): Decision => {
  const message =
    observation.kind === 'unreachable' ? observation.message : 'the launch is not confirmed yet';
  const reason = observation.kind === 'unreachable' ? 'runtime_unreachable' : 'launching';
  return { kind: 'wait', checkAt: inMs(now, holdMs), progress: waits(attempt, reason, message) };
};

const asked = (attempt: LiveAttempt): Decision | null => {
  if (attempt.stopIntent) return { kind: 'stop', intent: attempt.stopIntent, reason: 'as recorded before' };
  if (isCancelled(attempt)) return { kind: 'stop', intent: 'cancel', reason: 'somebody cancelled the job' };
  return null;
};

/** What cannot be read is asked to end by a cancel all the same, or once it has run for as long as it may. */
const endUnread = ({ attempt, observation, now }: DecisionInput): Decision | null => {
  if (observation.kind !== 'unreachable' || observation.unread !== true) return null;
  const stop = asked(attempt);
  if (stop !== null || attempt.startedAt === null) return stop;
  const { at, intent } = phaseDeadline(attempt, attempt.startedAt);
  return now < at ? null : { kind: 'stop', intent, reason: deadlineMessage(attempt, intent) };
};

/** People must see how long they have to mend it. */
const refusedMessage = (message: string, end: Date): string =>
  `${message} (unless that changes, the attempt fails at ${end.toISOString().slice(11, 19)}Z)`;

/** `end`: when it is over if nothing changes. */
const progressOf = (attempt: LiveAttempt, seen: LiveObservation, now: Date, end: Date): Progress | null => {
  switch (seen.kind) {
    case 'running':
      return attempt.state === 'running' || attempt.state === 'finalizing'
        ? null
        : { kind: 'running', startedAt: believedStart(attempt, seen.startedAt, now), node: seen.node };
    case 'waiting':
      return waits(attempt, seen.reason, seen.message);
    case 'refused': {
      const reason = seen.failure.category === 'image' ? 'image_problem' : 'configuration_problem';
      return waits(attempt, seen.waiting ?? reason, refusedMessage(seen.failure.message, end));
    }
    case 'node_lost':
      return graceIsOver(seen, now)
        ? { kind: 'waiting', waiting: { reason: 'node_lost', message: seen.message } }
        : null;
    case 'terminating':
    default:
      return waits(attempt, 'terminating', seen.message);
  }
};

/** A node that is asked to end a program has this long beyond the time that it was given; then it counts as lost. */
export const nodeLostGraceMs = 60_000;

/** When the object's refusal to start is taken as its end, or its node as lost; null for every other observation. */
const graceEnd = (seen: LiveObservation, now: Date): Date | null => {
  if (seen.kind === 'refused') return inMs(now, seen.graceMs - seen.forMs);
  return seen.kind === 'node_lost' ? inMs(now, nodeLostGraceMs - seen.forMs) : null;
};

/** By that moment itself: milliseconds have fractions, and moments have none, so that the last one of a grace is none. */
const graceIsOver = (seen: LiveObservation, now: Date): boolean => {
  const end = graceEnd(seen, now);
  return end !== null && now >= end;
};

/**
 * The node is lost and the job says `onNodeLost: rerun`: the attempt is given up although its program may still run. Else
 * it is held until the node comes back or somebody removes it, which Kubernetes then reports as the pod's end.
 */
const giveUpLost = ({ attempt, now, jitter }: DecisionInput, seen: LiveObservation): Decision | null => {
  if (seen.kind !== 'node_lost' || attempt.spec.retry.onNodeLost !== 'rerun') return null;
  if (!graceIsOver(seen, now)) return null;
  if (isCancelled(attempt)) return { kind: 'cancel', exit: null };
  const lost = failure('node_lost', seen.message, seen.node === null ? {} : { node: seen.node });
  return conclude(attempt, deadlineFailure(attempt) ?? lost, null, jitter);
};

/** Since when the time to start counts, where it is not since the claim. */
const startClockOf = (
  attempt: LiveAttempt,
  seen: LiveObservation,
  now: Date,
): 'stopped' | Date | undefined => {
  if (!('startClock' in seen)) return undefined;
  const { startClock } = seen;
  return typeof startClock === 'number' ? believedStart(attempt, inMs(now, -startClock), now) : startClock;
};

/**
 * Its program had started when somebody else got its quota. To let it start over under the same number would be a second
 * execution of one attempt, so that this one is closed, charged to nobody.
 */
const giveWay = ({ attempt, jitter }: DecisionInput, seen: LiveObservation): Decision | null => {
  if (seen.kind !== 'waiting' || seen.startClock !== 'stopped') return null;
  const ranSince = attempt.startedAt ?? seen.ranSince;
  if (!ranSince) return null;
  const evidence = { ranSince: ranSince.toISOString() };
  return conclude(attempt, failure('suspended_again', seen.message, evidence), null, jitter);
};

const decideLive = (input: DecisionInput, seen: LiveObservation): Decision => {
  const { attempt, now, jitter } = input;
  const givenUp = giveUpLost(input, seen);
  if (givenUp) return givenUp;
  const stop = asked(attempt);
  if (stop) return stop;
  const gaveWay = giveWay(input, seen);
  if (gaveWay) return gaveWay;
  if (seen.kind === 'refused' && graceIsOver(seen, now)) return conclude(attempt, seen.failure, null, jitter);
  const seenStart = seen.kind === 'running' ? believedStart(attempt, seen.startedAt, now) : null;
  const startClock = startClockOf(attempt, seen, now);
  const { at, intent } = phaseDeadline(attempt, attempt.startedAt ?? seenStart, startClock);
  if (now >= at)
    return { kind: 'stop', intent, reason: deadlineMessage(attempt, intent, startClock === 'stopped') };
  const soonest = inMs(now, seen.kind === 'terminating' ? holdMs : lookAgainMs);
  const grace = graceIsOver(seen, now) ? null : graceEnd(seen, now);
  const end = earliestOf(at, grace ?? at);
  return { kind: 'wait', checkAt: earliestOf(end, soonest), progress: progressOf(attempt, seen, now, end) };
};

/**
 * What to do about an attempt, from what is recorded and what its runtime shows now. Order of judgement: what cannot be
 * known, our own recorded intent, the runtime's evidence, our deadlines.
 *
 * A cancel that was accepted always wins: the job ends `cancelled` even if its program ended well meanwhile.
 * A deadline wins only over what ended after it.
 */
export const decideAttempt = (input: DecisionInput): Decision => {
  const { attempt, observation, now, jitter } = input;
  if (attempt.launchedAt === null) return hold(input);
  if (observation.kind === 'unreachable') return endUnread(input) ?? hold(input);
  if (observation.kind === 'ended') return decideEnded(attempt, observation.exit, now, jitter);
  if (observation.kind === 'absent') return decideAbsent(attempt, jitter);
  return decideLive(input, observation);
};
