import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLaunch, createSystemClock, unguarded } from '@job-orchestrator/executor-core/testing';
import {
  installationId,
  type AttemptId,
  type AttemptLaunch,
  type AttemptRef,
  type InstallationId,
  type JobRuntime,
  type JobSpec,
  type Logger,
  type LogSource,
  type Observation,
} from '@job-orchestrator/types';
import { createProcessRuntime, type ProcessRuntimeOptions } from '../process-runtime.ts';

export type Runtime = JobRuntime & LogSource;
export type Ended = Extract<Observation, { kind: 'ended' }>;

const silent = (): void => undefined;
export const silentLog: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** A started runtime whose changes can be waited for. */
export interface Watched {
  readonly runtime: Runtime;
  /** Ensures, and returns the ref with its object; throws unless the attempt is there. */
  run(launch: AttemptLaunch): Promise<AttemptRef>;
  /** Looks at each reported change until the observation fits. */
  until(ref: AttemptRef, fits: (seen: Observation) => boolean): Promise<Observation>;
  ended(ref: AttemptRef): Promise<Ended>;
  running(ref: AttemptRef): Promise<Observation>;
  log(ref: AttemptRef): Promise<string>;
}

/** A data folder of its own with runtimes over it. */
export interface Sandbox {
  readonly dataDir: string;
  readonly installation: InstallationId;
  folderOf(ref: AttemptRef): string;
  launch(command: readonly string[], spec?: Partial<JobSpec>): AttemptLaunch;
  start(options?: Partial<ProcessRuntimeOptions>): Promise<Watched>;
  close(): Promise<void>;
}

/** How many processes carry the attempt's marker, the shim too; Linux only. */
export const countAlive = (attempt: AttemptId): number =>
  readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && environmentOf(pid).includes(attempt)).length;

const environmentOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
};

const watched = (runtime: Runtime, listeners: Set<() => void>): Watched => {
  const nextChange = (): Promise<void> =>
    new Promise((resolve) => {
      const listener = (): void => {
        listeners.delete(listener);
        resolve();
      };
      listeners.add(listener);
    });
  const until: Watched['until'] = async (ref, fits) => {
    for (;;) {
      const change = nextChange();
      const seen = await runtime.observe(ref);
      if (fits(seen)) return seen;
      await change;
    }
  };
  return {
    runtime,
    until,
    run: async (launch) => {
      const outcome = await runtime.ensure(launch, unguarded);
      if (outcome.kind === 'created' || outcome.kind === 'exists')
        return { ...launch, object: outcome.object };
      throw new Error(JSON.stringify(outcome));
    },
    ended: async (ref) => (await until(ref, ({ kind }) => kind === 'ended')) as Ended,
    running: (ref) => until(ref, ({ kind }) => kind === 'running'),
    log: async (ref) => Buffer.from((await runtime.logTail(ref, 1_000_000))?.bytes ?? []).toString(),
  };
};

/** A stop is a wish that the next looks drive: what was stopped just before its program began runs until one of them. */
const endAll = async ({ runtime, until }: Watched): Promise<void> => {
  for (const ref of (await runtime.list()) ?? []) {
    await runtime.stop(ref, 0);
    await until(ref, ({ kind }) => kind !== 'running' && kind !== 'waiting');
  }
};

/** A sandbox in the system's temporary folder; `close` ends what still runs and deletes it. */
export const openSandbox = (): Sandbox => {
  const dataDir = mkdtempSync(join(tmpdir(), 'jo-process-'));
  const installation = installationId(randomUUID());
  const started: Runtime[] = [];
  const start: Sandbox['start'] = async (options = {}) => {
    const listeners = new Set<() => void>();
    const clock = createSystemClock();
    const runtime = createProcessRuntime({ dataDir, installation, log: silentLog, clock, ...options });
    started.push(runtime);
    await runtime.start(() => [...listeners].forEach((listener) => listener()));
    return watched(runtime, listeners);
  };
  return {
    dataDir,
    installation,
    folderOf: (ref) => join(dataDir, 'attempts', ref.object?.name ?? 'unresolved'),
    launch: (command, spec = {}) => buildLaunch(installation, { command, ...spec }),
    start,
    close: async () => {
      await Promise.all(started.map((runtime) => runtime.close()));
      const last = await start();
      await endAll(last);
      await last.runtime.close();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    },
  };
};
