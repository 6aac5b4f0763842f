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
