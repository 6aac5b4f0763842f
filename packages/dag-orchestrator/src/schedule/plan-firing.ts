import {
  limits,
  type CatchUpPolicy,
  type CronRule,
  type FiringPlan,
  type OverlapPolicy,
  type SkippedTimes,
} from '@job-orchestrator/types';
import { countTimes, nextTime, timesUpTo } from './times.ts';

/** What a step of a schedule follows from. `open`: runs of the schedule that have not ended. */
export interface FiringFacts {
  readonly rule: CronRule;
  readonly overlap: OverlapPolicy;
  readonly catchUp: CatchUpPolicy;
  /** The first time that nobody has dealt with; it has come. */
  readonly nextAt: Date;
  readonly now: Date;
  readonly open: number;
}

const skippedTimes = (
  rule: CronRule,
  outcome: SkippedTimes['outcome'],
  from: Date,
  through: Date,
): SkippedTimes => ({ from, through, times: countTimes(rule, from, through), outcome });

/** The newest times that have come since `nextAt`, at most `count`. Mostly it is the only one, which is found cheaply. */
const timesSince = (rule: CronRule, nextAt: Date, now: Date, count: number): readonly Date[] => {
  const following = nextTime(rule, nextAt);
  if (following === null || following > now) return [nextAt];
  return timesUpTo(rule, now, count).filter((time) => time >= nextAt);
};

/** The time that is dealt with now: what comes before it is missed; null: all of it is. */
const timeToRun = ({ rule, catchUp, nextAt, now }: FiringFacts): { latest: Date; chosen: Date | null } => {
  const recent = timesSince(rule, nextAt, now, catchUp === 'all' ? limits.schedule.catchUpRuns : 1);
  const latest = recent.at(-1) ?? nextAt;
  if (catchUp === 'all') return { latest, chosen: recent[0] ?? nextAt };
  const missed = now.getTime() - latest.getTime() > limits.schedule.missedAfterSeconds * 1_000;
  return { latest, chosen: catchUp === 'none' && missed ? null : latest };
};

const previousTime = (rule: CronRule, time: Date): Date =>
  timesUpTo(rule, new Date(time.getTime() - 1_000), 1)[0]!;

/** The times from `nextAt` on that are left out before the chosen one, or up to the latest where none is chosen. */
const missedTimes = (
  { rule, nextAt }: FiringFacts,
  latest: Date,
  chosen: Date | null,
): readonly SkippedTimes[] => {
  if (chosen === null) return [skippedTimes(rule, 'missed', nextAt, latest)];
  return chosen > nextAt ? [skippedTimes(rule, 'missed', nextAt, previousTime(rule, chosen))] : [];
};

/**
 * The next step of a schedule whose time has come: at most one run. Pure.
 * Catch-up `all` loses no time to an open run: unless overlap is `allow` its times wait for one another.
 */
export const planFiring = (facts: FiringFacts): FiringPlan => {
  const { rule, overlap, catchUp, open } = facts;
  const { latest, chosen } = timeToRun(facts);
  const skipped = missedTimes(facts, latest, chosen);
  const next = nextTime(rule, chosen ?? latest);
  if (chosen === null) return { kind: 'step', skipped, start: null, replace: false, next };
  const meets = open > 0 && overlap !== 'allow';
  if (meets && catchUp === 'all') return { kind: 'wait' };
  if (meets && overlap === 'skip') {
    const overlapped = skippedTimes(rule, 'overlap', chosen, chosen);
    return { kind: 'step', skipped: [...skipped, overlapped], start: null, replace: false, next };
  }
  return { kind: 'step', skipped, start: chosen, replace: meets, next };
};

/** What a schedule that is resumed now left out since `nextAt`, and the next time to come. Pure. */
export const planResume = (
  rule: CronRule,
  nextAt: Date | null,
  now: Date,
): { readonly skipped: SkippedTimes | null; readonly next: Date | null } => {
  const next = nextTime(rule, now);
  if (nextAt === null || nextAt > now) return { skipped: null, next };
  const latest = timesUpTo(rule, now, 1)[0] ?? nextAt;
  return { skipped: skippedTimes(rule, 'paused', nextAt, latest), next };
};
