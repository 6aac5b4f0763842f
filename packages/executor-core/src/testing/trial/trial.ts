import {
  isTerminalJobState,
  newJobId,
  type Database,
  type JobId,
  type JobRecord,
  type JobSpec,
  type NewJob,
} from '@job-orchestrator/types';
import { randomUUID } from 'node:crypto';
import { buildSpec } from '../build-launch.ts';
import { createVirtualClock, type VirtualClock } from '../clock/virtual-clock.ts';
import { fakeCommand } from '../fake/program-run.ts';
import { createFakeWorld, type FakeWorld, type FakeWorldOptions } from '../fake/world.ts';
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
  readonly submit: (program: Program, spec?: Partial<JobSpec>) => Promise<JobId>;
  readonly submitMany: (count: number, program: Program) => Promise<readonly JobId[]>;
  /** Starts an executor without waiting for it. */
  readonly launchExecutor: (options?: TrialExecutorOptions) => TrialExecutor;
  readonly job: (id: JobId) => Promise<JobRecord>;
  readonly untilEnded: (ids: readonly JobId[], limitMs?: number) => Promise<readonly JobRecord[]>;
  /** Makes every closed attempt older. */
  readonly age: (seconds: number) => void;
  /** Kills every executor. */
  readonly end: () => void;
}

const getJob = async (database: Database, id: JobId): Promise<JobRecord> => {
  const found = await database.history.getJob(id);
  if (!found) throw new Error(`no job ${id}`);
  return found;
};

const newJob = (topic: string, spec: Partial<JobSpec>): NewJob => ({
  id: newJobId(),
  project: 'default',
  topic,
  priority: 0,
  runAt: null,
  spec: buildSpec(spec),
  retryOf: null,
  rootJobId: null,
});

const insertJobs = async (database: Database, jobs: readonly NewJob[]): Promise<readonly JobId[]> => {
  await database.queue.insertJobs(jobs, { actor: 'trial', reason: 'trial' });
  database.wakeUps.send('jobs');
  return jobs.map(({ id }) => id);
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

/** A trial over a real database, with a world and a topic of its own. */
export const createTrial = (
  real: Database,
  behaviour: Pick<FakeWorldOptions, 'startDelayMs' | 'collectMs'> = {},
): Trial => {
  const clock = createVirtualClock();
  const world = createFakeWorld({ clock, ...behaviour });
  const aged = { seconds: 0 };
  const database = withVirtualTime(real, clock, aged);
  const executors: TrialExecutor[] = [];
  const topic = `trial-${randomUUID()}`;
  const time = createTrialTime(clock, executors);
  return {
    ...time,
    database,
    world,
    clock,
    submit: async (program, spec = {}) => {
      const job = newJob(topic, { command: fakeCommand(program), ...spec });
      await insertJobs(database, [job]);
      return job.id;
    },
    submitMany: (count, program) => {
      const spec = { command: fakeCommand(program) };
      return insertJobs(
        database,
        Array.from({ length: count }, () => newJob(topic, spec)),
      );
    },
    launchExecutor: (options = {}) => {
      const launched = launchTrialExecutor(world, database, clock, { topics: [topic], ...options });
      executors.push(launched);
      return launched;
    },
    age: (seconds) => {
      aged.seconds += seconds;
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
