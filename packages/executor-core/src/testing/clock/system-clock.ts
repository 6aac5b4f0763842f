import { performance } from 'node:perf_hooks';
import { longestTimerMs, type Clock } from '@job-orchestrator/types';

/** The real time, for tests that run against a real runtime. */
export const createSystemClock = (): Clock => ({
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, longestTimerMs));
    timer.unref();
    return () => clearTimeout(timer);
  },
});
