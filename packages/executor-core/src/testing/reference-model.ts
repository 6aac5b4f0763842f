import {
  categoryRules,
  failureReasons,
  type Decision,
  type FailureReason,
  type FailureSelector,
} from '@job-orchestrator/types';
import type { DecisionInput } from '../decide/decide-attempt.ts';

/**
 * The same judgement as one flat list of rules, the first that fits wins: written apart from `decideAttempt`, so that
 * each finds the other's mistakes. For tests only.
 */
type Rule = readonly [when: boolean, then: Decision['kind']];

const ends = ({ attempt, observation }: DecisionInput, reason: FailureReason): 'retry' | 'fail' => {
  const { category } = failureReasons[reason];
  const { user, infrastructure, output, unknown, outOfMemory } = attempt.retriesUsed;
  const { maxRetries, infrastructureRetries, on, never } = attempt.spec.retry;
  const code = observation.kind === 'ended' ? observation.exit.exitCode : null;
  const names = (rule: FailureSelector | undefined): boolean =>
    rule !== undefined && (!!rule.categories?.includes(category) || !!rule.exitCodes?.includes(code ?? -1));
  const budgetOfUser = ['user_error', 'out_of_memory', 'timeout'].includes(category);
  if (names(never) || (on !== undefined && budgetOfUser && !names(on))) return 'fail';
  if (category === 'capacity') return 'retry';
  const left = {
    user: maxRetries - user,
    infrastructure: infrastructureRetries - infrastructure,
    output: 2 - output,
    none: 0,
  };
  const capped =
    (category === 'unknown' && unknown >= 2) || (category === 'out_of_memory' && outOfMemory >= 1);
  return left[categoryRules[category].budget] > 0 && !capped ? 'retry' : 'fail';
};

const passed = (from: Date | null, seconds: number, now: Date): boolean =>
  from !== null && now.getTime() - from.getTime() >= seconds * 1_000;

/** Which kind of decision must come out. */
export const expectedKind = (input: DecisionInput): Decision['kind'] => {
  const { attempt, observation: seen, now } = input;
  const { stopIntent, spec, finalizingAt } = attempt;
  const { deadlines } = spec;
  const exit = seen.kind === 'ended' ? seen.exit : null;
  const gone = seen.kind === 'ended' || seen.kind === 'absent';
  const cancelled = attempt.cancelRequestedAt !== null || stopIntent === 'cancel';
  const byDeadline = stopIntent !== null && stopIntent !== 'cancel';
  const ranFrom = exit?.startedAt ?? attempt.startedAt;
  const overRun =
    stopIntent === 'run_deadline' && ranFrom !== null
      ? passed(ranFrom, deadlines.runSeconds, exit?.finishedAt ?? now)
      : passed(attempt.claimedAt, deadlines.startSeconds, exit?.finishedAt ?? now);
  const moments = seen.kind === 'running' ? [seen.startedAt, now].map((each) => each.getTime()) : null;
  const seenStart = moments && new Date(Math.max(Math.min(...moments), attempt.claimedAt.getTime()));
  const startedAt = attempt.startedAt ?? seenStart;
  const startClock = 'startClock' in seen ? seen.startClock : undefined;
  const heldBack = startClock === 'stopped';
  const letGo = typeof startClock === 'number' ? now.getTime() - Math.max(0, startClock) : -Infinity;
  const startFrom = new Date(Math.max(attempt.claimedAt.getTime(), letGo));
  const ran = attempt.startedAt !== null || (seen.kind === 'waiting' && seen.ranSince !== undefined);
  const finalizeOver = passed(finalizingAt, deadlines.finalizeSeconds, now);
  const phaseOver =
    finalizingAt !== null
      ? finalizeOver
      : startedAt !== null
        ? passed(startedAt, deadlines.runSeconds, now)
        : heldBack
          ? passed(attempt.claimedAt, deadlines.queueSeconds, now)
          : passed(startFrom, deadlines.startSeconds, now);
  const refusedForGood = seen.kind === 'refused' && seen.forMs >= seen.graceMs;
  const reported = exit?.output.kind === 'left' ? 'pending' : exit?.output.kind;
  const output = spec.output ? reported : 'ready';
  const deadlineReason: FailureReason = byDeadline ? stopIntent : 'unknown';

  const unread = seen.kind === 'unreachable' && seen.unread === true;
  const lostForGood = seen.kind === 'node_lost' && spec.retry.onNodeLost === 'rerun' && seen.forMs >= 60_000;

  const rules: readonly Rule[] = [
    [attempt.launchedAt === null, 'wait'],
    [unread && (stopIntent !== null || cancelled), 'stop'],
    [unread && attempt.startedAt !== null && phaseOver, 'stop'],
    [seen.kind === 'unreachable', 'wait'],
    [gone && cancelled, 'cancel'],
    [seen.kind === 'absent', ends(input, byDeadline ? deadlineReason : 'object_deleted')],
    [
      exit !== null &&
        byDeadline &&
        stopIntent !== 'finalize_deadline' &&
        (overRun || exit.failure?.reason === 'cancelled'),
      ends(input, deadlineReason),
    ],
    [exit !== null && exit.failure !== null, ends(input, exit?.failure?.reason ?? 'unknown')],
    [exit !== null && exit.exitCode !== 0, ends(input, 'unknown')],
    [output === 'none', ends(input, 'output_missing')],
    [output === 'invalid', ends(input, 'output_invalid')],
    [output === 'lost', ends(input, 'output_lost')],
    [output === 'pending' && finalizingAt === null, 'finalize'],
    [output === 'pending' && !finalizeOver, 'wait'],
    [output === 'pending' && stopIntent === null, 'stop'],
    [output === 'pending', ends(input, 'finalize_deadline')],
    [exit !== null, 'succeed'],
    [lostForGood && cancelled, 'cancel'],
    [lostForGood, ends(input, byDeadline ? deadlineReason : 'node_lost')],
    [stopIntent !== null || cancelled, 'stop'],
    [seen.kind === 'waiting' && heldBack && ran, ends(input, 'suspended_again')],
    [refusedForGood, ends(input, seen.kind === 'refused' ? seen.failure.reason : 'unknown')],
    [phaseOver, 'stop'],
  ];
  return rules.find(([when]) => when)?.[1] ?? 'wait';
};
