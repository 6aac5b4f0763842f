import { randomUUID } from 'node:crypto';
import {
  closed,
  failure,
  launched,
  newIncarnationId,
  progressed,
  type AttemptWrite,
  type Database,
  type ExitReport,
  type JobId,
  type LiveAttempt,
  type LogTail,
} from '@job-orchestrator/types';

/** An executor by hand: it takes each step of a job's life when the test says so. */
export interface Driver {
  /** Claims jobs until this one is claimed, and returns its new attempt. */
  claim(job: string): Promise<LiveAttempt>;
  /** Claims a job and says that its program runs. */
  start(job: string): Promise<LiveAttempt>;
  write(...writes: AttemptWrite[]): Promise<void>;
  /** Ends an attempt with an exit code; with a code other than 0 the job fails, or with `retry` runs again at once. */
  end(attempt: LiveAttempt, exitCode: number, log?: string | LogTail, retry?: 'retry'): Promise<void>;
}

export const logTail = (text: string): LogTail => {
  const bytes = new TextEncoder().encode(text);
  return { bytes, totalBytes: bytes.length, extent: 'exact' };
};

const exitReport = (exitCode: number): ExitReport => ({
  exitCode,
  startedAt: new Date(),
  finishedAt: new Date(),
  failure: exitCode === 0 ? null : failure('exit_code', `the program ended with exit code ${exitCode}`),
  output: { kind: 'none' },
  node: null,
  imageDigest: null,
});

const endingOf = (exitCode: number, retry: boolean) => {
  const exit = exitReport(exitCode);
  if (exit.failure === null) return { kind: 'succeed', exit } as const;
  const lost = false;
  return retry
    ? ({ kind: 'retry', failure: exit.failure, chargedTo: 'user', delayMs: 0, lost, exit } as const)
    : ({ kind: 'fail', failure: exit.failure, lost, exit } as const);
};

/** Registers an executor for everything in the database. */
export const createDriver = async (database: Database): Promise<Driver> => {
  const owner = newIncarnationId();
  const runtimeKey = 'test';
  let nonce: string = randomUUID();
  const executor = {
    incarnation: owner,
    name: 'by hand',
    runtimeKind: 'process',
    runtimeKey,
    topics: null,
    maxRunning: 1_000,
    version: '0.0.0-test',
  } as const;
  await database.executors.register(executor, nonce, true);
  const claimed = new Map<JobId, LiveAttempt>();
  // A test may take longer than a lease, and does nothing in between.
  const beat = async (): Promise<void> => {
    const next = randomUUID();
    await database.executors.beat(owner, nonce, next);
    nonce = next;
  };
  const claim: Driver['claim'] = async (job) => {
    await beat();
    await database.queue.promoteDue(100);
    for (const attempt of await database.queue.claimJobs({ owner, runtimeKey, topics: null, limit: 100 }))
      claimed.set(attempt.jobId, attempt);
    const found = claimed.get(job as JobId);
    if (found === undefined) throw new Error(`job ${job} could not be claimed`);
    claimed.delete(found.jobId);
    return found;
  };
  const write: Driver['write'] = async (...writes) => {
    await beat();
    const { stale } = await database.queue.applyWrites(owner, writes);
    if (stale.length > 0) throw new Error(`stale: ${stale.join(', ')}`);
  };
  return {
    claim,
    write,
    async start(job) {
      const attempt = await claim(job);
      const object = { uid: `uid-${attempt.id}`, name: `name-${attempt.number}` };
      await write(launched(attempt.id, object));
      await write(progressed(attempt.id, { kind: 'running', startedAt: new Date(), node: null }));
      return attempt;
    },
    async end(attempt, exitCode, log, retry) {
      const tail = typeof log === 'string' ? logTail(log) : (log ?? null);
      await write(closed(attempt.id, endingOf(exitCode, retry === 'retry'), tail));
      database.wakeUps.send('finished');
    },
  };
};
