import type { JsonObject } from '../json/json-value.ts';
import type { DagRunId } from './ids.ts';

/** What happens at a time at which a run of the same schedule is still open: both run, the new one does not, the old one is cancelled. */
export const overlapPolicies = ['allow', 'skip', 'replace'] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];

/** Which of the times run that passed while nobody could fire them: none, the latest, or all (one after the other unless overlap is `allow`). */
export const catchUpPolicies = ['none', 'latest', 'all'] as const;
export type CatchUpPolicy = (typeof catchUpPolicies)[number];

/**
 * What became of a time of a schedule. `overlap`: skipped, the run before was open. `missed`: nobody could fire it then,
 * and the catch-up policy left it out. `paused`: it passed while the schedule was paused. `refused`: no run could be
 * started; the message says why.
 */
export const firingOutcomes = ['started', 'overlap', 'missed', 'paused', 'refused'] as const;
export type FiringOutcome = (typeof firingOutcomes)[number];

/** A rule of times: a cron expression of five fields (or `@daily` and the like) in an IANA time zone. */
export interface CronRule {
  readonly cron: string;
  readonly timeZone: string;
}

/** A schedule as people define it. Strings of `inputs` may hold expressions over `run.scheduledAt` and `run.scheduledDay`. */
export interface NewSchedule extends CronRule {
  readonly project: string;
  readonly name: string;
  readonly dag: string;
  readonly overlap: OverlapPolicy;
  readonly catchUp: CatchUpPolicy;
  readonly inputs: JsonObject;
  readonly paused: boolean;
}

/** A stored schedule. `nextAt` null: no time comes any more. `revision` rises with every change by people. */
export interface ScheduleRecord extends Omit<NewSchedule, 'paused'> {
  readonly id: number;
  readonly revision: number;
  readonly nextAt: Date | null;
  readonly pausedAt: Date | null;
  readonly createdAt: Date;
  readonly createdBy: string;
}

/** Times that were left out together, from the first through the last. `times`: how many, counted up to `limits.schedule.timesCounted`. */
export interface SkippedTimes {
  readonly from: Date;
  readonly through: Date;
  readonly times: number;
  readonly outcome: Exclude<FiringOutcome, 'started' | 'refused'>;
}

/** What became of a time (or of several that were skipped together) of a schedule. */
export interface FiringRecord {
  readonly scheduledAt: Date;
  readonly throughAt: Date;
  readonly times: number;
  readonly at: Date;
  readonly outcome: FiringOutcome;
  readonly message: string | null;
  readonly runId: DagRunId | null;
}

/**
 * The next step of a schedule whose time has come. `wait`: a time that has to run waits for the open run. `start` null:
 * nothing runs now. `replace`: open runs are cancelled first.
 */
export type FiringPlan =
  | { readonly kind: 'wait' }
  | {
      readonly kind: 'step';
      readonly skipped: readonly SkippedTimes[];
      readonly start: Date | null;
      readonly replace: boolean;
      readonly next: Date | null;
    };

/** Which times of a backfill run that have a run already: none, those whose newest run did not complete, or all. */
export const backfillReruns = ['none', 'failed', 'all'] as const;
export type BackfillRerun = (typeof backfillReruns)[number];

/** A backfill ready to be stored: the times are ascending and distinct. */
export interface NewBackfill {
  readonly id: string;
  readonly scheduleId: number;
  readonly inputs: JsonObject;
  readonly maxParallel: number;
  readonly times: readonly Date[];
}

/** `failed`: all its times had their turn, and a run of one failed, was cancelled or could not start. */
export const backfillStates = ['running', 'completed', 'failed', 'cancelled'] as const;
export type BackfillState = (typeof backfillStates)[number];

/** A backfill as people read it. `waiting` have no run yet; `refused` never get one; the others are counted by the state of their run. */
export interface BackfillRecord {
  readonly id: string;
  readonly project: string;
  readonly schedule: string;
  readonly dag: string;
  readonly state: BackfillState;
  readonly maxParallel: number;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly reason: string;
  readonly cancelledAt: Date | null;
  readonly finishedAt: Date | null;
  readonly times: {
    readonly total: number;
    readonly waiting: number;
    readonly refused: number;
    readonly open: number;
    readonly completed: number;
    readonly failed: number;
    readonly cancelled: number;
  };
}
