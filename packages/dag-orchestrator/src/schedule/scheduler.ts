import { prepareScheduledRun, scheduleContext, type OperationDeps } from '@job-orchestrator/operations';
import type { Clock, DueBackfill, DueSchedule, Logger } from '@job-orchestrator/types';
import { createWorkLoop, each } from '../run/work-loop.ts';
import { planFiring } from './plan-firing.ts';

/** What a scheduler lives on. */
export interface SchedulerDependencies {
  readonly operations: OperationDeps;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds between safety polls; its own timer and wake-ups come before. */
  readonly pollIntervalMs: number;
}

/** Starts runs at the times of schedules, and those of backfills. Any number work side by side: each time runs once. */
export interface Scheduler {
  start(): void;
  /** Begins no more steps, and waits for those that are being made. */
  stop(): Promise<void>;
}

/** Those that wait for their own open runs are among them, so this also bounds how many can wait at once. */
const schedulesAtOnce = 1_000;
const backfillsAtOnce = 100;
const concurrency = 4;
/** The ends of nodes come every 5 ms, and those of runs among them are not told apart: a look for all of so long. */
const endsMs = 50;

/** One step of a schedule; true where its next time has come too. */
const fireSchedule = async (operations: OperationDeps, due: DueSchedule): Promise<boolean> => {
  const { schedule, now, open } = due;
  const { cron, timeZone, overlap, catchUp, nextAt } = schedule;
  const plan = planFiring({ rule: { cron, timeZone }, overlap, catchUp, nextAt, now, open });
  if (plan.kind === 'wait') return false;
  const at = plan.start;
  const scheduled = { scheduleId: schedule.id, at: at ?? now, backfillId: null };
  const run =
    at === null ? null : await prepareScheduledRun(operations, schedule, schedule.inputs, scheduled);
  const fired = await operations.database.schedules.fire(
    { schedule, plan, run },
    scheduleContext(schedule, at ?? nextAt),
  );
  return fired && plan.next !== null && plan.next <= now;
};

/** Starts the next run of a backfill; true where there may be another. */
const fireBackfill = async (operations: OperationDeps, due: DueBackfill): Promise<boolean> => {
  const { id, schedule, inputs, at } = due;
  const scheduled = { scheduleId: schedule.id, at, backfillId: id };
  const run = await prepareScheduledRun(operations, schedule, inputs, scheduled);
  return operations.database.schedules.fireBackfill(id, at, run, {
    actor: `schedule:${schedule.name}`,
    reason: `backfill ${id} for ${at.toISOString()}`,
  });
};

/** A scheduler over its ports. What is due is asked of the database, by the database's clock. */
export const createScheduler = (deps: SchedulerDependencies): Scheduler => {
  const { operations, clock, log, pollIntervalMs } = deps;
  const { schedules, wakeUps } = operations.database;
  /** True while the end of a run may let something start. */
  let watchesRuns = false;
  let endTimer: () => void = () => undefined;
  let cancelSoon: (() => void) | null = null;
  let unsubscribe: () => void = () => undefined;

  /** One that fails never stops the others; it is due again at the next poll. */
  const stepOf =
    <Due>(what: string, step: (operations: OperationDeps, due: Due) => Promise<boolean>) =>
    async (due: Due): Promise<void> => {
      try {
        if (!loop.stopped && (await step(operations, due))) loop.wake();
      } catch (error) {
        if (!loop.stopped) log.error({ error: String(error), due }, `${what} failed; it is tried again`);
      }
    };
  const arm = async (): Promise<void> => {
    endTimer();
    const inMs = (await schedules.nextInMs().catch(() => null)) ?? pollIntervalMs;
    if (!loop.stopped) endTimer = clock.setTimer(Math.min(inMs + 1, pollIntervalMs), loop.wake);
  };
  const round = async (): Promise<void> => {
    try {
      const due = await schedules.due(schedulesAtOnce);
      await each(due, concurrency, stepOf('a step of a schedule', fireSchedule));
      const backfills = await schedules.dueBackfills(backfillsAtOnce);
      await each(backfills, concurrency, stepOf('a step of a backfill', fireBackfill));
      const openBackfills = await schedules.finishBackfills();
      watchesRuns = openBackfills > 0 || due.some(({ schedule }) => schedule.catchUp === 'all');
    } finally {
      await arm();
    }
  };
  const loop = createWorkLoop(round, (error) =>
    log.warn({ error: String(error) }, 'schedules could not be looked at; tried again'),
  );
  const wakeSoon = (): void => {
    cancelSoon ??= clock.setTimer(endsMs, () => {
      cancelSoon = null;
      loop.wake();
    });
  };
  return {
    start: () => {
      unsubscribe = wakeUps.subscribe((kind) => {
        if (kind === 'schedules') loop.wake();
        if (kind === 'dags' && watchesRuns) wakeSoon();
      });
      loop.wake();
    },
    stop: async () => {
      unsubscribe();
      cancelSoon?.();
      endTimer();
      await loop.stop();
      endTimer();
    },
  };
};
