import type { Clock } from '@job-orchestrator/types';

/** A clock that stands still until a test moves it. Wall clock and monotonic clock advance together. */
export interface VirtualClock extends Clock {
  /** Moves time, calling each timer that falls due at its own moment, in order. Milliseconds. */
  advance(ms: number): void;
  /** Milliseconds until the next timer; null when none is armed. */
  nextTimerInMs(): number | null;
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

const earliest = (timers: ReadonlySet<Timer>): Timer | null => {
  let first: Timer | null = null;
  for (const timer of timers) {
    if (!first || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order))
      first = timer;
  }
  return first;
};

/** Starts at `start`, by default the real time, so that it stands near the clock of a real database. */
export const createVirtualClock = (start: Date = new Date()): VirtualClock => {
  const timers = new Set<Timer>();
  let elapsedMs = 0;
  let order = 0;
  return {
    now: () => new Date(start.getTime() + elapsedMs),
    monotonicMs: () => elapsedMs,
    setTimer: (delayMs, callback) => {
      const timer = { atMs: elapsedMs + Math.max(0, delayMs), order: order++, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    nextTimerInMs: () => {
      const next = earliest(timers);
      return next && Math.max(0, next.atMs - elapsedMs);
    },
    advance: (ms) => {
      const until = elapsedMs + ms;
      for (let next = earliest(timers); next && next.atMs <= until; next = earliest(timers)) {
        timers.delete(next);
        elapsedMs = Math.max(elapsedMs, next.atMs);
        next.callback();
      }
      elapsedMs = until;
    },
  };
};
