import type { Logger } from '@job-orchestrator/types';
import { freshDatabase, onServer } from '@job-orchestrator/postgres/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { createHarness } from '../testing/run-harness.ts';
import { createRunChecks } from './check-runs.ts';
import { createRunReader } from './graphs.ts';
import type { DagOrchestrator } from './orchestrator.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let orchestrator: DagOrchestrator;
beforeAll(async () => {
  fresh = await freshDatabase();
  orchestrator = createHarness(fresh.database).orchestrator();
  orchestrator.start();
});
afterAll(async () => {
  await orchestrator.stop();
  await fresh.close();
});

test('an end without a mark gets one again, and what steps added up wrongly is told', async () => {
  const harness = createHarness(fresh.database);
  const { database } = fresh;
  const errors: (readonly [unknown, string])[] = [];
  const log = {
    error: (context: unknown, text: string) => void errors.push([context, text]),
  } as unknown as Logger;
  const check = createRunChecks({ database, log, read: createRunReader(database.dags) });
  const run = await harness.start(graphOf([jobNode('a'), jobNode('b', [0])], { name: 'checked' }));
  await expect.poll(async () => (await harness.nodes(run))[0]?.state).toBe('running');
  await check();
  expect(errors).toEqual([]);

  await orchestrator.stop();
  await harness.end(await harness.claim(), () => null);
  await onServer(fresh.url, 'delete from dag_due');
  await onServer(fresh.url, 'update node_runs set parents_failed = 1 where node = 1');
  await check();
  const parents = { place: 'the parents of b', stored: '0 completed, 1 failed, 0 skipped' };
  expect(errors).toEqual([
    [{ forgotten: 1 }, expect.stringContaining('no mark left')],
    [
      expect.objectContaining({ run, first: expect.arrayContaining([expect.objectContaining(parents)]) }),
      expect.stringContaining('is not what'),
    ],
  ]);

  await onServer(fresh.url, 'update node_runs set parents_failed = 0 where node = 1');
  orchestrator = harness.orchestrator();
  orchestrator.start();
  expect(await harness.finish(run)).toMatchObject({ state: 'completed', open: 0 });
}, 60_000);
