import { Worker } from 'node:worker_threads';
import { OrchestratorError, type Logger } from '@job-orchestrator/types';
import type { Parameter, Row } from '../connection/sql.ts';
import { createPendingCalls } from './pending-calls.ts';
import type { WorkerCall, WorkerStart } from './worker-protocol.ts';

/** A call that takes longer has hung: the engine has no time-out of its own, and cannot be interrupted. */
export const callTimeoutMs = 60_000;

/** The worker thread that holds the database. */
export interface WorkerClient {
  run(text: string, parameters: readonly Parameter[]): Promise<readonly Row[]>;
  close(): Promise<void>;
  /** True after it broke down or was closed: it answers nothing any more. */
  isBroken(): boolean;
  /** Ends the thread at once; every call fails with `error`. */
  kill(error: Error): void;
  /** Settles when the thread is gone, and with it everything that could write to the folder. */
  readonly ended: Promise<void>;
}

type Call = WorkerCall extends infer One ? (One extends { id: number } ? Omit<One, 'id'> : never) : never;

const unavailable = (why: string): OrchestratorError =>
  new OrchestratorError('database_unavailable', `The embedded database ${why}.`);

/**
 * Starts the worker and waits until its database is open. When a call does not answer in time, or the thread ends,
 * every call fails with `database_unavailable` from then on, and the log says why.
 */
export const startWorker = async (
  start: WorkerStart,
  log: Logger,
  timeoutMs = callTimeoutMs,
  script = new URL('./worker.js', import.meta.url),
): Promise<WorkerClient> => {
  const worker = new Worker(script, { workerData: start });
  let broken: Error | null = null;
  let lastId = 0;

  const kill = (error: Error): void => {
    if (broken !== null) return;
    broken = error;
    calls.end(error);
    void worker.terminate();
  };
  const breakDown = (why: string): void => {
    if (broken !== null) return;
    kill(unavailable(why));
    log.error({ folder: start.folder }, `The embedded database ${why}.`);
  };
  const calls = createPendingCalls(timeoutMs, () => breakDown(`gave no answer within ${timeoutMs} ms`));

  const call = (request: Call): Promise<readonly Row[]> => {
    if (broken !== null) return Promise.reject(broken);
    lastId += 1;
    const rows = calls.expect(lastId);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage({ ...request, id: lastId });
    return rows;
  };

  worker.on('message', calls.settle);
  worker.on('error', (error) => breakDown(`failed: ${error.message}`));
  const ended = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      breakDown('has ended');
      resolve();
    });
  });

  await calls.expect(0).catch(async (error: unknown) => {
    kill(unavailable('did not open'));
    await ended;
    throw error;
  });
  return {
    ended,
    kill,
    isBroken: () => broken !== null,
    run: (text, parameters) => call({ kind: 'run', text, parameters }),
    close: async () => {
      if (broken !== null) return;
      await call({ kind: 'close' });
      kill(unavailable('is closed'));
      await ended;
    },
  };
};
