import { freshDatabase, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
