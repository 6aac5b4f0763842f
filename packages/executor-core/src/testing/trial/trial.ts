import {
  isTerminalJobState,
  newJobId,
  type Database,
  type JobId,
  type JobRecord,
  type JobSpec,
} from '@job-orchestrator/types';
import { buildSpec } from '../build-launch.ts';
import { createVirtualClock, type VirtualClock } from '../clock/virtual-clock.ts';
import { fakeCommand } from '../fake/program-run.ts';
import { createFakeWorld, type FakeWorld } from '../fake/world.ts';
import type { Program } from '../programs.ts';
import { launchTrialExecutor, type TrialExecutor, type TrialExecutorOptions } from './trial-executor.ts';
import { createTrialTime, type TrialTime } from './trial-time.ts';
import { withVirtualTime } from './virtual-database.ts';

/** Executors over a fake runtime, a virtual clock and a real database. */
export interface Trial extends TrialTime {
  readonly database: Database;
  readonly world: FakeWorld;
  readonly clock: VirtualClock;
  /** Stores a job that runs a program, and wakes the executors. */
  readonly submit: (program: Program, spec?: Partial<JobSpec>, topic?: string) => Promise<JobId>;
  /** Starts an executor without waiting for it. */
  readonly launchExecutor: (options?: TrialExecutorOptions) => TrialExecutor;
  readonly job: (id: JobId) => Promise<JobRecord>;
  readonly untilEnded: (ids: readonly JobId[], limitMs?: number) => Promise<readonly JobRecord[]>;
  /** Kills every executor. */
  readonly end: () => void;
}

const getJob = async (database: Database, id: JobId): Promise<JobRecord> => {
  const found = await database.history.getJob(id);
  if (!found) throw new Error(`no job ${id}`);
  return found;
};

const insertJob = async (database: Database, topic: string, spec: Partial<JobSpec>): Promise<JobId> => {
  const id = newJobId();
  const base = { id, project: 'default', topic, priority: 0, runAt: null, retryOf: null, rootJobId: null };
  await database.queue.insertJobs([{ ...base, spec: buildSpec(spec) }], { actor: 'trial', reason: 'trial' });
  database.wakeUps.send('jobs');
  return id;
};

const allEnded = (database: Database, ids: readonly JobId[]): (() => Promise<boolean>) => {
  const open = new Set(ids);
  return async () => {
    for (const id of open) {
      if (!isTerminalJobState((await getJob(database, id)).state)) return false;
      open.delete(id);
    }
    return true;
  };
};

/** A trial over a real database. Its world is new; jobs of earlier trials in the same database are not. */
export const createTrial = (real: Database, { startDelayMs = 0 } = {}): Trial => {
  const clock = createVirtualClock();
  const world = createFakeWorld({ clock, startDelayMs });
  const database = withVirtualTime(real, clock);
  const executors: TrialExecutor[] = [];
  const time = createTrialTime(clock, executors);
  return {
    ...time,
    database,
    world,
    clock,
    submit: (program, spec = {}, topic = 'default') =>
      insertJob(database, topic, { command: fakeCommand(program), ...spec }),
    launchExecutor: (options = {}) => {
      const launched = launchTrialExecutor(world, database, clock, options);
      executors.push(launched);
      return launched;
    },
    job: (id) => getJob(database, id),
    untilEnded: async (ids, limitMs) => {
      await time.until('all jobs to end', allEnded(database, ids), limitMs);
      return Promise.all(ids.map((id) => getJob(database, id)));
    },
    end: () => {
      for (const { executor, mortal } of executors) {
        executor.stop();
        mortal.die();
      }
    },
  };
};
