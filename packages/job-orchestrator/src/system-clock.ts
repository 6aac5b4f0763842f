import { longestTimerMs, type Clock, type Random } from '@job-orchestrator/types/clock';

/** The machine's time, for code that takes time as a port. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, longestTimerMs)).unref();
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = Math.random;
