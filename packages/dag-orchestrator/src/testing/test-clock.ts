import type { Clock } from '@job-orchestrator/types';

/** The machine's own time. */
export const createTestClock = (): Clock => ({
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
});
