import { createVirtualClock } from '@job-orchestrator/executor-core/testing';
import { freshDatabase, silentLog, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import { newJobId, type Database } from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startUpkeep } from './upkeep.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

const minute = 60_000;

/** The real database, with its upkeep counted, and failing as often as told. */
const counted = (database: Database, failures = 0) => {
  const done: Promise<unknown>[] = [];
  let left = failures;
  const maintain = (): Promise<void> => {
    const work = left-- > 0 ? Promise.reject(new Error('no disk')) : database.maintain();
    done.push(work.catch(() => undefined));
    return work;
  };
  return { done, database: { maintain, queue: database.queue } };
};

test.each([
  ['an embedded database every five minutes', true, 5 * minute],
  ['a server every hour', false, 60 * minute],
])('keeps %s', async (_name, embedded, everyMs) => {
  const clock = createVirtualClock();
  const { done, database } = counted(fresh.database);
  const stop = startUpkeep({ database, clock, log: silentLog, embedded });
  clock.advance(30_000);
  expect(done).toHaveLength(1);
  await Promise.all(done);
  await expect.poll(() => (clock.advance(everyMs), done.length)).toBeGreaterThan(1);
  stop();
  await Promise.all(done);
  const before = done.length;
  clock.advance(10 * everyMs);
  expect(done).toHaveLength(before);
});

test('goes on after an error', async () => {
  const clock = createVirtualClock();
  const { done, database } = counted(fresh.database, 1);
  const stop = startUpkeep({ database, clock, log: silentLog, embedded: true });
  clock.advance(30_000);
  await expect.poll(() => (clock.advance(minute), done.length)).toBeGreaterThan(1);
  stop();
  await Promise.all(done);
});

test('a job that no executor takes fails at its deadline, also where only an API runs', async () => {
  const clock = createVirtualClock();
  const id = newJobId();
  const deadlines = { queueSeconds: 1, startSeconds: 1, runSeconds: 1, finalizeSeconds: 1 };
  const nothing = { command: null, args: null, env: {}, inputs: null, output: false, resources: null };
  const image = { name: null, image: 'x', imageReference: 'x', runAsUser: null, labels: {} };
  const retry = { maxRetries: 0, infrastructureRetries: 0 };
  const spec = { ...image, ...nothing, retry, deadlines };
  const job = {
    id,
    project: 'default',
    topic: 't',
    priority: 0,
    runAt: null,
    retryOf: null,
    rootJobId: null,
  };
  await fresh.database.queue.insertJobs([{ ...job, spec }], { actor: 'tester', reason: 'a test' });
  const stop = startUpkeep({ database: fresh.database, clock, log: silentLog, embedded: false });
  const ended = async () => {
    clock.advance(minute);
    return (await fresh.database.history.getJob(id))?.failure?.reason;
  };
  await expect.poll(ended, { timeout: 10_000 }).toBe('queue_deadline');
  stop();
});
