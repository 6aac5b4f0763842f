import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock, unguarded } from '@job-orchestrator/executor-core/testing';
import { createProcessRuntime } from '@job-orchestrator/local-runtime';
import { silentLog } from '@job-orchestrator/postgres/testing';
import {
  launched,
  progressed,
  type AttemptRef,
  type InstallationId,
  type LiveAttempt,
  type LogSource,
  type Observation,
} from '@job-orchestrator/types';
import type { Driver } from './driver.ts';

export interface RunningAttempt {
  readonly attempt: LiveAttempt;
  readonly ref: AttemptRef;
}

/** Runs claimed jobs as real processes, step by step. */
export interface ProcessRunner {
  readonly logs: LogSource;
  /** A folder for gates. */
  readonly folder: string;
  start(driver: Driver, job: string): Promise<RunningAttempt>;
  /** Waits for the program's end and records it, with its log's end. */
  finish(driver: Driver, running: RunningAttempt, retry?: 'retry'): Promise<void>;
  close(): Promise<void>;
}

export const startProcessRunner = async (installation: InstallationId): Promise<ProcessRunner> => {
  const folder = mkdtempSync(join(tmpdir(), 'jo-api-'));
  const runtime = createProcessRuntime({
    dataDir: folder,
    installation,
    log: silentLog,
    clock: createSystemClock(),
  });
  const listeners = new Set<() => void>();
  await runtime.start(() => listeners.forEach((listener) => listener()));

  const ended = async (ref: AttemptRef): Promise<Extract<Observation, { kind: 'ended' }>> => {
    for (;;) {
      const change = new Promise<void>((resolve) => {
        const listener = (): void => {
          listeners.delete(listener);
          resolve();
        };
        listeners.add(listener);
      });
      const seen = await runtime.observe(ref);
      if (seen.kind === 'ended') return seen;
      await change;
    }
  };

  return {
    logs: runtime,
    folder,
    async start(driver, job) {
      const attempt = await driver.claim(job);
      const { jobId, number, id, topic, spec } = attempt;
      const named = { installation, jobId, attemptNumber: number, attemptId: id };
      const outcome = await runtime.ensure(
        { ...named, object: null, avoidNode: null, topic, spec },
        unguarded,
      );
      if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
      await driver.write(launched(id, outcome.object));
      await driver.write(progressed(id, { kind: 'running', startedAt: new Date(), node: null }));
      return { attempt, ref: { ...named, object: outcome.object } };
    },
    async finish(driver, { attempt, ref }, retry) {
      const { exit } = await ended(ref);
      const tail = await runtime.logTail(ref, 65_536);
      await driver.end(attempt, exit.exitCode ?? 255, tail ?? undefined, retry);
      await runtime.remove(ref);
    },
    async close() {
      for (const ref of (await runtime.list()) ?? []) await runtime.stop(ref, 0);
      await runtime.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    },
  };
};
