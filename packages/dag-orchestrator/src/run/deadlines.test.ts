import type { DagRunId } from '@job-orchestrator/types';
import { onServer } from '@job-orchestrator/postgres/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { approvalNode, graphOf, jobNode } from '../testing/graphs.ts';
import { bothDatabases, orchestrated } from '../testing/orchestrated.ts';
import { createHarness } from '../testing/run-harness.ts';

describe.each(bothDatabases)('on %s', (_name, open) => {
  let fresh: Awaited<ReturnType<typeof open>>;
  let harness: ReturnType<typeof createHarness>;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    fresh = await open();
    harness = createHarness(fresh.database);
    // It polls so seldom that nothing here happens by a poll.
    const orchestrator = harness.orchestrator(600_000);
    orchestrator.start();
    stop = () => orchestrator.stop();
    await harness.finish(await harness.start(graphOf([jobNode('one')], { name: 'warm-up' })));
  });
  afterAll(async () => {
    await stop();
    await fresh.close();
  });

  const ended = async (run: DagRunId) => {
    await expect
      .poll(async () => (await fresh.database.dags.getRun(run))?.finishedAt ?? null, { timeout: 10_000 })
      .not.toBeNull();
    return (await fresh.database.dags.getRun(run))!;
  };

  test('the deadline of a run takes effect within a second, and its nodes say which one it was', async () => {
    const graph = graphOf([jobNode('a'), jobNode('b', [0])], { name: 'deadline', deadlineSeconds: 1 });
    const run = await ended(await harness.start(graph));
    expect(run).toMatchObject({ state: 'failed', stopping: 'deadline' });
    expect(run.finishedAt!.getTime() - run.deadlineAt.getTime()).toBeLessThan(1_000);
    const message = "the run's deadline of 1s passed (deadlineSeconds)";
    expect(await harness.nodes(run.id)).toMatchObject([
      { state: 'cancelled', reason: 'run_deadline', message },
      { state: 'skipped', reason: 'run_deadline', message },
    ]);
  });

  test('a job that a deadline cancels is told which one', async () => {
    const graph = graphOf([jobNode('a')], { name: 'told', deadlineSeconds: 1 });
    const { id } = await ended(await harness.start(graph));
    const [node] = await harness.nodes(id);
    const job = await fresh.database.history.getJob(node!.jobId!);
    expect(job?.failure?.message).toBe(
      "its DAG run stops: the run's deadline of 1s passed (deadlineSeconds)",
    );
  });

  test('so does that of an approval, of several one after the other', async () => {
    const nodes = [
      approvalNode('first', [], { timeoutSeconds: 1, onTimeout: 'approve' }),
      approvalNode('second', [0], { timeoutSeconds: 1 }),
    ];
    const { id } = await ended(await harness.start(graphOf(nodes, { name: 'approvals' })));
    for (const { approval, finishedAt } of await harness.nodes(id))
      expect(finishedAt!.getTime() - approval!.expiresAt.getTime()).toBeLessThan(1_000);
    expect((await harness.nodes(id))[1]).toMatchObject({
      reason: 'approval_timeout',
      message: 'nobody answered within 1s (approval.timeoutSeconds)',
    });
  });
});

test('the deadline of a run that is at its final nodes is past: nothing is marked for it', async () => {
  const [[, open]] = bothDatabases;
  const { fresh, harness, close } = await orchestrated(open);
  const { dags } = fresh.database;
  const id = await harness.start(graphOf([jobNode('a'), jobNode('end', [], { final: true })]));
  const claimed = async (name: string) => {
    await expect
      .poll(async () => (await harness.nodes(id)).find((node) => node.name === name)?.jobId, {
        timeout: 10_000,
      })
      .not.toBeNull();
    return harness.claim();
  };
  await harness.end(await claimed('a'), () => null);
  const last = await claimed('end');
  await onServer(fresh.url!, `update dag_runs set deadline_at = clock_timestamp() where id = '${id}'`);
  expect(await dags.markOverdue(100)).toBe(0);
  expect(await dags.nextDeadlineMs()).toBeNull();
  await harness.end(last, () => null);
  expect((await harness.finish(id)).state).toBe('completed');
  await close();
});
