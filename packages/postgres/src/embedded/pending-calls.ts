import type { Row } from '../connection/sql.ts';
import type { WorkerAnswer } from './worker-protocol.ts';

interface Pending {
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: Error) => void;
  ticks: number;
}

/**
 * A call's time is counted in ticks, and a tick that comes late is not counted: while the whole process stood still
 * (SIGSTOP, a laptop asleep) the worker could not answer either, and its answer waits to be read behind the timers.
 */
const ticksMost = 12;

/** Calls back in every `tickMs` that we were awake for. */
const countTicks = (tickMs: number, onTick: () => void): NodeJS.Timeout => {
  let lastMs = performance.now();
  return setInterval(() => {
    const passedMs = performance.now() - lastMs;
    lastMs += passedMs;
    if (passedMs < 2 * tickMs) onTick();
  }, tickMs).unref();
};

/** The calls that wait for the worker's answers. */
export interface PendingCalls {
  expect(id: number): Promise<readonly Row[]>;
  settle(answer: WorkerAnswer): void;
  /** Fails them all; no more may be added. */
  end(error: Error): void;
}

/** `onHung` is called when a call had no answer for `timeoutMs` in which we were awake. */
export const createPendingCalls = (timeoutMs: number, onHung: () => void): PendingCalls => {
  const calls = new Map<number, Pending>();
  const watch = countTicks(timeoutMs / ticksMost, () => {
    for (const call of calls.values()) call.ticks += 1;
    if ([...calls.values()].some(({ ticks }) => ticks > ticksMost)) onHung();
  });
  return {
    expect: (id) => new Promise((resolve, reject) => calls.set(id, { resolve, reject, ticks: 0 })),
    settle: (answer) => {
      const call = calls.get(answer.id);
      calls.delete(answer.id);
      if ('rows' in answer) call?.resolve(answer.rows);
      else
        call?.reject(
          Object.assign(new Error(answer.fault.message), { code: answer.fault.code ?? undefined }),
        );
    },
    end: (error) => {
      clearInterval(watch);
      for (const { reject } of calls.values()) reject(error);
      calls.clear();
    },
  };
};
