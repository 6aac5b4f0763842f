import type { FiringRecord, NewSchedule } from '@job-orchestrator/types';
import type { Database } from '@job-orchestrator/types';
import { createScheduler, type Scheduler } from '../schedule/scheduler.ts';
import { silent, type createHarness } from './run-harness.ts';
import { createTestClock } from './test-clock.ts';

const context = { actor: 'tester', reason: 'a test' };

/** A minute that began so many minutes ago. */
export const minutesAgo = (minutes: number): Date =>
  new Date(Math.floor(Date.now() / 60_000) * 60_000 - minutes * 60_000);

/** The expression that comes in this minute of every hour. */
export const cronAt = (time: Date): string => `${time.getUTCMinutes()} * * * *`;

export const scheduleOf = (dag: string, changes: Partial<NewSchedule> = {}): NewSchedule => ({
  project: 'default',
  name: dag,
  dag,
  cron: '* * * * *',
  timeZone: 'UTC',
  overlap: 'skip',
  catchUp: 'latest',
  inputs: {},
  paused: false,
  ...changes,
});

/** Stores a schedule whose next time is this one, which may have passed; also over one of the same name. */
export const dueAt = (database: Database, schedule: NewSchedule, next: Date) =>
  database.schedules.put(schedule, true, () => next, context);

/** What became of the times of a schedule, the oldest first. */
export const firingsOf = async (database: Database, name: string): Promise<readonly FiringRecord[]> => {
  const schedule = await database.schedules.get('default', name);
  const { items } = await database.schedules.listFirings(schedule!.id, { after: null, limit: 500 });
  return items.toReversed();
};

/** A scheduler on the operations of a harness. */
export const schedulerOf = ({ deps }: Pick<ReturnType<typeof createHarness>, 'deps'>): Scheduler =>
  createScheduler({ operations: deps, clock: createTestClock(), log: silent, pollIntervalMs: 100 });
