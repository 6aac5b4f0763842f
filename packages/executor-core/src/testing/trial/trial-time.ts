import type { VirtualClock } from '../clock/virtual-clock.ts';
import type { TrialExecutor } from './trial-executor.ts';

const longestStepMs = 1_000;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** How virtual time passes in a trial: only while nothing that needs none of it is under way. */
export interface TrialTime {
  /** Lets virtual time pass, timer by timer, until `look` says true; throws after `limitMs` of it. */
  readonly until: (what: string, look: () => boolean | Promise<boolean>, limitMs?: number) => Promise<void>;
  /** Lets this much virtual time pass. */
  readonly pass: (ms: number) => Promise<void>;
}

/**
 * Lets everything that needs no time come to rest: microtasks, and calls of the database. These are waited for: two test files that
 * turned round and round instead, one on each core, kept the database from answering (38 s and not 4).
 */
const settle = async (executors: readonly TrialExecutor[]): Promise<void> => {
  for (let quiet = 0; quiet < 3;) {
    await turn();
    const busy = executors.filter(({ mortal }) => mortal.busy());
    await Promise.all(busy.map(({ mortal }) => mortal.landed()));
    quiet = busy.length > 0 ? 0 : quiet + 1;
  }
};

export const createTrialTime = (clock: VirtualClock, executors: readonly TrialExecutor[]): TrialTime => {
  const step = async (mostMs: number): Promise<number> => {
    await settle(executors);
    const ms = Math.min(clock.nextTimerInMs() ?? mostMs, mostMs);
    clock.advance(ms);
    return ms;
  };
  return {
    until: async (what, look, limitMs = 120_000) => {
      for (let passedMs = 0; passedMs <= limitMs;) {
        await settle(executors);
        if (await look()) return;
        passedMs += await step(longestStepMs);
      }
      throw new Error(`${limitMs} ms of virtual time passed in vain for: ${what}`);
    },
    pass: async (ms) => {
      for (let passedMs = 0; passedMs < ms;) passedMs += await step(Math.min(longestStepMs, ms - passedMs));
      await settle(executors);
    },
  };
};
