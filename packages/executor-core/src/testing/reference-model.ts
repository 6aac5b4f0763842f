import { categoryRules, failureReasons, type Decision, type FailureReason } from '@job-orchestrator/types';
import type { DecisionInput } from '../decide/decide-attempt.ts';

/**
 * The same judgement as one flat list of rules, the first that fits wins: written apart from `decideAttempt`, so that
 * each finds the other's mistakes. For tests only.
 */
type Rule = readonly [when: boolean, then: Decision['kind']];

const ends = ({ attempt }: DecisionInput, reason: FailureReason): 'retry' | 'fail' => {
  const { category } = failureReasons[reason];
  const { user, infrastructure, output, unknown, outOfMemory } = attempt.retriesUsed;
  const { maxRetries, infrastructureRetries } = attempt.spec.retry;
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
  const finalizeOver = passed(finalizingAt, deadlines.finalizeSeconds, now);
  const phaseOver =
    finalizingAt !== null
      ? finalizeOver
      : startedAt !== null
        ? passed(startedAt, deadlines.runSeconds, now)
        : passed(attempt.claimedAt, deadlines.startSeconds, now);
  const refusedForGood = seen.kind === 'refused' && now.getTime() >= seen.since.getTime() + seen.graceMs;
  const reported = exit?.output.kind === 'left' ? 'pending' : exit?.output.kind;
  const output = spec.output ? reported : 'ready';
  const deadlineReason: FailureReason = byDeadline ? stopIntent : 'unknown';

  const rules: readonly Rule[] = [
    [seen.kind === 'unreachable', 'wait'],
    [attempt.launchedAt === null, 'wait'],
    [gone && cancelled, 'cancel'],
    [seen.kind === 'absent', ends(input, byDeadline ? deadlineReason : 'object_deleted')],
    [
      exit !== null && byDeadline && stopIntent !== 'finalize_deadline' && overRun,
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
    [stopIntent !== null || cancelled, 'stop'],
    [refusedForGood, ends(input, seen.kind === 'refused' ? seen.failure.reason : 'unknown')],
    [phaseOver, 'stop'],
  ];
  return rules.find(([when]) => when)?.[1] ?? 'wait';
};
