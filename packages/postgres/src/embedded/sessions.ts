import { setTimeout as delay } from 'node:timers/promises';
import { OrchestratorError, type Logger } from '@job-orchestrator/types';
import type { WorkerClient } from './worker-client.ts';

/** A terminated thread is gone within milliseconds, unless the disk itself hangs. */
const endsWithinMs = 10_000;

/** The worker that holds the database now. */
export interface Sessions {
  /**
   * The worker to use for one piece of work, whole: after a breakdown its transaction is lost, and no other worker
   * may go on with it. One that broke down is replaced by a new one on the same folder, which recovers as after a kill.
   * Throws `database_unavailable`; the next call tries again. Never call it twice at once.
   */
  current(): Promise<WorkerClient>;
  close(): Promise<void>;
  /** Ends the worker for good: every call fails with `error` from now on. */
  stop(error: Error): void;
}

const untilEnded = async (worker: WorkerClient): Promise<void> => {
  const late = Symbol('late');
  const answer = await Promise.race([worker.ended, delay(endsWithinMs, late, { ref: false })]);
  if (answer === late)
    throw new OrchestratorError('database_unavailable', 'The embedded database hangs in its disk.');
};

/** Opens the first worker, and later ones when they are needed. */
export const openSessions = async (open: () => Promise<WorkerClient>, log: Logger): Promise<Sessions> => {
  let worker = await open();
  let over: Error | null = null;
  const replace = async (): Promise<void> => {
    await untilEnded(worker);
    worker = await open();
    if (over !== null) worker.kill(over);
    else log.warn({}, 'the embedded database was opened again');
  };
  return {
    current: async () => {
      if (over !== null) throw over;
      if (worker.isBroken()) await replace();
      return worker;
    },
    close: async () => {
      over ??= new OrchestratorError('database_unavailable', 'The embedded database is closed.');
      await worker.close();
      await untilEnded(worker);
    },
    stop: (error) => {
      over ??= error;
      worker.kill(error);
    },
  };
};
