import { Worker } from 'node:worker_threads';
import { OrchestratorError, type Logger } from '@job-orchestrator/types';
import type { Parameter, Row } from '../connection/sql.ts';
import type { WorkerAnswer, WorkerCall, WorkerStart } from './worker-protocol.ts';

/** A call that takes longer has hung: the engine has no time-out of its own, and cannot be interrupted. */
export const callTimeoutMs = 60_000;

/** The worker thread that holds the database. */
export interface WorkerClient {
  run(text: string, parameters: readonly Parameter[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

type Call = WorkerCall extends infer One ? (One extends { id: number } ? Omit<One, 'id'> : never) : never;

const unavailable = (why: string): OrchestratorError =>
  new OrchestratorError('database_unavailable', `The embedded database ${why}. Restart the program.`);

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
  const waiting = new Map<number, Waiting>();
  let broken: Error | null = null;
  let lastId = 0;

  const breakDown = (why: string): void => {
    if (broken !== null) return;
    broken = unavailable(why);
    log.error({ folder: start.folder }, broken.message);
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer);
      reject(broken);
    }
    waiting.clear();
    void worker.terminate();
  };

  const expect = (id: number): Promise<readonly Row[]> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => breakDown(`gave no answer within ${timeoutMs} ms`), timeoutMs);
      timer.unref();
      waiting.set(id, { resolve, reject, timer });
    });

  const call = (request: Call): Promise<readonly Row[]> => {
    if (broken !== null) return Promise.reject(broken);
    lastId += 1;
    const rows = expect(lastId);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage({ ...request, id: lastId });
    return rows;
  };

  worker.on('message', (answer: WorkerAnswer) => {
    const caller = waiting.get(answer.id);
    if (caller === undefined) return;
    waiting.delete(answer.id);
    clearTimeout(caller.timer);
    if ('rows' in answer) caller.resolve(answer.rows);
    else
      caller.reject(Object.assign(new Error(answer.fault.message), { code: answer.fault.code ?? undefined }));
  });
  worker.on('error', (error) => breakDown(`failed: ${error.message}`));
  worker.on('exit', () => breakDown('has ended'));

  await expect(0).catch(async (error: unknown) => {
    broken ??= unavailable('did not open');
    await worker.terminate();
    throw error;
  });
  return {
    run: (text, parameters) => call({ kind: 'run', text, parameters }),
    close: async () => {
      if (broken !== null) return;
      await call({ kind: 'close' });
      broken = unavailable('is closed');
      await worker.terminate();
    },
  };
};
