import type { WakeUps } from '@job-orchestrator/types';

/** How long to wait: at least, so that a storm of wake-ups costs little; at most, because a wake-up may be lost. */
export interface WaitRange {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Wakes all streams of a server by one subscription. */
export interface WakeHub {
  /** Resolves at the next wake-up within the range, at its end, or when the signal aborts; never rejects. */
  wait(range: WaitRange, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** What became known between `leastMs` and `mostMs`; `done` is called once. */
const startWait = (
  range: WaitRange,
  signal: AbortSignal,
  waiting: Set<() => void>,
  done: () => void,
): void => {
  let woken = false;
  let early = true;
  const finish = (): void => {
    clearTimeout(least);
    clearTimeout(most);
    waiting.delete(wake);
    signal.removeEventListener('abort', finish);
    done();
  };
  const wake = (): void => {
    woken = true;
    if (!early) finish();
  };
  const least = setTimeout(() => {
    early = false;
    if (woken) finish();
  }, range.leastMs);
  const most = setTimeout(finish, range.mostMs);
  waiting.add(wake);
  signal.addEventListener('abort', finish, { once: true });
};

/** Subscribes to the database's wake-ups until it is closed. */
export const createWakeHub = (wakeUps: WakeUps): WakeHub => {
  const waiting = new Set<() => void>();
  const stop = wakeUps.subscribe(() => {
    for (const wake of waiting) wake();
  });
  return {
    wait: (range, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve();
        else startWait(range, signal, waiting, resolve);
      }),
    close: stop,
  };
};
