import type { Clock, DagRepository } from '@job-orchestrator/types';

/** A deadline that has just passed is looked at again after this: its run may be about to end anyway. */
const soonestMs = 200;

interface DeadlineTimerDependencies {
  readonly dags: Pick<DagRepository, 'nextDeadlineMs'>;
  readonly clock: Clock;
  /** Later deadlines are none of its business: somebody asks again by then. */
  readonly withinMs: number;
}

/** Waits for the next deadline by the database's clock, and calls `passed` then; `set` looks for it anew. */
export const createDeadlineTimer = (
  { dags, clock, withinMs }: DeadlineTimerDependencies,
  passed: () => void,
) => {
  const state = { stopped: false, endTimer: (): void => undefined };
  return {
    set: async (): Promise<void> => {
      const ms = await dags.nextDeadlineMs();
      state.endTimer();
      if (state.stopped || ms === null || ms > withinMs) return;
      state.endTimer = clock.setTimer(Math.max(soonestMs, Math.ceil(ms) + 1), passed);
    },
    stop: (): void => {
      state.stopped = true;
      state.endTimer();
    },
  };
};
