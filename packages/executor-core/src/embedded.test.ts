import { freshEmbedded, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { brokenPromises } from './testing/trial/check-promises.ts';
import { createTrial, type Trial } from './testing/trial/trial.ts';

let fresh: FreshDatabase;
let trial: Trial;
beforeAll(async () => {
  fresh = await freshEmbedded();
});
afterEach(() => trial.end());
afterAll(() => fresh.close());

test('on the embedded database, a killed executor’s successor finishes everything once', async () => {
  trial = createTrial(fresh.database);
  const work = [
    { kind: 'sleep', seconds: 3 },
    { kind: 'exit', code: 0 },
  ] as const;
  const ids = await trial.submitMany(30, work);
  const first = trial.launchExecutor({ sole: true });
  await trial.until('some to run', () => trial.world.created.size >= 10);
  first.mortal.die();
  trial.launchExecutor({ sole: true });
  const jobs = await trial.untilEnded(ids);
  expect(jobs.map(({ state, attempt }) => `${state} ${attempt}`)).toEqual(ids.map(() => 'completed 1'));
  expect(await brokenPromises(trial, ids)).toEqual([]);
});
