import { freshDatabase, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import type { Database } from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TrialExecutorOptions } from './testing/trial/trial-executor.ts';
import { createTrial } from './testing/trial/trial.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

test.each([
  [400, []],
  [1_500, ['waiting']],
])('of a start that takes %i ms is told: %j', async (startDelayMs, waits) => {
  const trial = createTrial(fresh.database, { startDelayMs });
  const id = await trial.submit([{ kind: 'exit', code: 0 }]);
  trial.launchExecutor();
  await trial.untilEnded([id]);
  trial.end();
  const kinds = (await trial.database.history.listEvents(id, 0, 100)).map(({ kind }) => kind);
  expect(kinds.slice(kinds.indexOf('launched'))).toEqual(['launched', ...waits, 'completed']);
});

test('what has ended is removed once no job waits for its place any more, or something keeps it from one', async () => {
  const trial = createTrial(fresh.database, { startDelayMs: 5_000 });
  trial.launchExecutor({ maxRunning: 2 });
  const waits = await trial.submit([{ kind: 'waitForStop' }]);
  const ends = await trial.submit([{ kind: 'exit', code: 0 }]);
  const objects = () => [...trial.world.objects.values()];
  const objectOf = (id: string) => objects().find(({ launch }) => launch.jobId === id)!;
  await trial.until('both objects', () => objects().length === 2);
  const shown = { kind: 'waiting', reason: 'scheduling', message: 'Waiting for a node.' } as const;
  trial.world.show(objectOf(waits).launch.attemptId, shown);
  await trial.untilEnded([ends]);
  await trial.pass(30_000);
  expect(objects()).toHaveLength(2);
  trial.world.show(objectOf(waits).launch.attemptId, { ...shown, reason: 'unschedulable' });
  await trial.until('the removal', () => objects().length === 1);
  trial.end();
});

const scheduling = { kind: 'waiting', reason: 'scheduling', message: 'Waiting for a node.' } as const;

/** One job that waits for its place, and one that has ended and waits for its removal. */
const withRemovalHeld = async (options: TrialExecutorOptions = {}) => {
  const trial = createTrial(fresh.database, { startDelayMs: 5_000 });
  const { executor } = trial.launchExecutor({ maxRunning: 2, ...options });
  const waits = await trial.submit([{ kind: 'waitForStop' }]);
  const ends = await trial.submit([{ kind: 'exit', code: 0 }]);
  const objects = () => [...trial.world.objects.values()];
  await trial.until('both objects', () => objects().length === 2);
  trial.world.show(objects().find(({ launch }) => launch.jobId === waits)!.launch.attemptId, scheduling);
  await trial.untilEnded([ends]);
  const isRemoved = () => objects().every(({ launch }) => launch.jobId !== ends);
  expect(isRemoved()).toBe(false);
  return { trial, executor, waits, isRemoved };
};

/** Another executor has every attempt that this one would stop. */
const withStaleStops = (database: Database): Database => {
  const applyWrites: Database['queue']['applyWrites'] = (owner, writes) =>
    writes.some(({ kind }) => kind === 'stopping')
      ? Promise.resolve({ applied: [], stale: writes.map(({ attemptId }) => attemptId) })
      : database.queue.applyWrites(owner, writes);
  return { ...database, queue: { ...database.queue, applyWrites } };
};

test('what has ended is removed once the last that waits for its place is not ours any more', async () => {
  const { trial, waits, isRemoved } = await withRemovalHeld({ change: withStaleStops });
  await trial.database.queue.requestCancel(waits, { actor: 'trial', reason: 'trial' });
  await trial.until('the removal', isRemoved, 5_000);
  trial.end();
});

test('what has ended is removed after a minute, although something waits for its place without saying why', async () => {
  const { trial, isRemoved } = await withRemovalHeld();
  await trial.until('the removal', isRemoved, 65_000);
  trial.end();
});

test('a drain removes what has ended, and waits for no place', async () => {
  const { trial, executor, isRemoved } = await withRemovalHeld();
  let drained = false;
  void executor.drain(30_000).then(() => (drained = true));
  await trial.until('the drain', () => drained, 5_000);
  expect(isRemoved()).toBe(true);
  trial.end();
});

test('what keeps a start is told at once', async () => {
  const trial = createTrial(fresh.database, { startDelayMs: 400 });
  const id = await trial.submit([{ kind: 'exit', code: 0 }]);
  trial.launchExecutor();
  await trial.until('its object', () => trial.world.objects.size === 1);
  const [made] = trial.world.objects.values();
  trial.world.show(made!.launch.attemptId, { kind: 'waiting', reason: 'quota', message: '9 of 9 used' });
  await trial.pass(100);
  expect(await trial.job(id)).toMatchObject({ waiting: { reason: 'quota' } });
  trial.end();
});
