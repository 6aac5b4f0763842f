import { cancelRun } from '@job-orchestrator/operations';
import { openDatabase } from '@job-orchestrator/postgres';
import { freshDatabase, silentLog } from '@job-orchestrator/postgres/testing';
import type { Database } from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { createHarness } from '../testing/run-harness.ts';
import type { DagOrchestrator } from './orchestrator.ts';

const room = 5;
const width = 2_012;

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let small: Database;
let harness: ReturnType<typeof createHarness>;
let orchestrator: DagOrchestrator;
beforeAll(async () => {
  fresh = await freshDatabase();
  small = await openDatabase({ kind: 'postgres', url: fresh.url, log: silentLog, queueDepthMost: room });
  harness = createHarness(small);
  orchestrator = harness.orchestrator();
  orchestrator.start();
});
afterAll(async () => {
  await orchestrator.stop();
  await small.close();
  await fresh.close();
});

const wide = (topic: string) =>
  graphOf(
    [
      ...Array.from({ length: width }, (_, at) =>
        jobNode(`n${at}`, [], { job: { image: 'busybox', topic } }),
      ),
      jobNode('elsewhere', [], { job: { image: 'busybox', topic: `${topic}-not` } }),
    ],
    { name: topic },
  );
test('nodes of a full topic wait and say so, those of another go on, and none is lost', async () => {
  const run = await harness.start(wide('full'));
  await expect.poll(async () => (await small.dags.getRun(run))?.heldTopic).toBe('full');
  // One step starts at most 1,000 nodes, and the next one sees that the topic is full.
  const nodes = await harness.nodes(run);
  expect(nodes.filter(({ state }) => state === 'ready')).toHaveLength(width - 1_000);
  expect(nodes.at(-1)).toMatchObject({ name: 'elsewhere', state: 'running' });
  expect(await harness.finish(run)).toMatchObject({ state: 'completed', open: 0, heldTopic: null });
}, 60_000);

test('a run that a full topic holds back can be cancelled', async () => {
  const run = await harness.start(wide('cancelled'));
  await expect.poll(async () => (await small.dags.getRun(run))?.heldTopic).toBe('cancelled');
  await cancelRun(harness.deps, run, { actor: 'tester', reason: 'a test' });
  const ready = async () => (await harness.nodes(run)).filter(({ state }) => state === 'ready').length;
  await expect.poll(ready).toBe(0);
  expect(await small.dags.getRun(run)).toMatchObject({ stopping: 'cancelled', heldTopic: null });
}, 60_000);
