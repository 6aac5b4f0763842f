import {
  newIncarnationId,
  type Clock,
  type Database,
  type IncarnationId,
  type Logger,
} from '@job-orchestrator/types';
import type { ExecutorConfig } from '../../config.ts';
import { createExecutor, type Executor } from '../../executor.ts';
import { createFakeRuntime } from '../fake/runtime.ts';
import type { FakeWorld } from '../fake/world.ts';
import { silentLog } from '../silent-log.ts';
import { createMortal, type Mortal, type PortCall } from './mortal-ports.ts';

/** One executor in a trial, with its ports and all incarnations that it had. */
export interface TrialExecutor {
  readonly executor: Executor;
  readonly mortal: Mortal;
  readonly incarnations: readonly IncarnationId[];
  /** Resolves once it has begun; never, if it died before. */
  readonly started: Promise<void>;
}

/** What an executor of a trial may have of its own. */
export interface TrialExecutorOptions extends Partial<ExecutorConfig> {
  readonly onCall?: (call: PortCall, mortal: Mortal) => void;
  readonly log?: Logger;
  /** Replaces some ports of the database, for this executor only. */
  readonly change?: (database: Database) => Database;
}

const defaults: ExecutorConfig = {
  name: 'trial',
  topics: null,
  maxRunning: 100,
  batchSize: 20,
  pollIntervalMs: 5_000,
  launchRatePerSecond: 1_000,
  sole: false,
  version: '0.0.0',
};

/** Starts an executor that can be killed at any call of a port. Its random source says 0: no backoff, no spread. */
export const launchTrialExecutor = (
  world: FakeWorld,
  database: Database,
  clock: Clock,
  { onCall, log, change, ...config }: TrialExecutorOptions,
): TrialExecutor => {
  const ports = {
    clock,
    database: change?.(database) ?? database,
    runtime: createFakeRuntime(world),
    onCall,
  };
  const mortal = createMortal(ports);
  const incarnations: IncarnationId[] = [];
  const executor = createExecutor({
    database: mortal.database,
    runtime: mortal.runtime,
    clock: mortal.clock,
    random: () => 0,
    log: log ?? silentLog,
    newIncarnation: () => {
      const id = newIncarnationId();
      incarnations.push(id);
      return id;
    },
    config: { ...defaults, ...config },
  });
  return { executor, mortal, incarnations, started: executor.start() };
};
