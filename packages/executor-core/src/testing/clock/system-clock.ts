import { performance } from 'node:perf_hooks';
import type { Clock } from '@job-orchestrator/types';

/** The real time, for tests that run against a real runtime. */
export const createSystemClock = (): Clock => ({
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
});
