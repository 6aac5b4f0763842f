import { openDatabase } from '@job-orchestrator/postgres';
import { freshDatabase, onServer, silentLog } from '@job-orchestrator/postgres/testing';
import { rerun } from '@job-orchestrator/operations';
import type { Database } from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { approvalNode, graphOf, jobNode, subDagNode } from '../testing/graphs.ts';
import { killSteps } from '../testing/kill-steps.ts';
import { createHarness, ifKilled } from '../testing/run-harness.ts';
import type { DagOrchestrator } from './orchestrator.ts';

const parents = 2_000;
const sessions = 4;

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let databases: readonly Database[];
let orchestrators: readonly DagOrchestrator[];
beforeAll(async () => {
  fresh = await freshDatabase();
  databases = await Promise.all(
    Array.from({ length: sessions }, () =>
      openDatabase({ kind: 'postgres', url: fresh.url, log: silentLog }),
    ),
  );
  orchestrators = databases.map((database) => createHarness(database).orchestrator());
  for (const orchestrator of orchestrators) orchestrator.start();
});
afterAll(async () => {
  for (const orchestrator of orchestrators) await orchestrator.stop();
  for (const database of databases) await database.close();
  await fresh.close();
});

const join = () =>
  graphOf(
    [
      ...Array.from({ length: parents }, (_, at) => jobNode(`p${at}`)),
      jobNode('child', [...Array(parents).keys()]),
    ],
    { name: 'join' },
  );

const jobsOf = async (run: string): Promise<readonly { name: string; n: number }[]> => {
  const text = `
select name, count(*)::integer as n from job_specs
where labels ->> 'job-orchestrator.io/dag-run' = '${run}' group by name having count(*) > 1`;
  return (await onServer(fresh.url, text)).rows as { name: string; n: number }[];
};

test('2,000 parents of one child that end on 4 connections under 4 orchestrators create it exactly once', async () => {
  const harness = createHarness(fresh.database);
  const run = await harness.start(join());
  const workers = databases.map((database) => createHarness(database));
  const work = async (worker: (typeof workers)[number]): Promise<void> => {
    while ((await fresh.database.dags.getRun(run))?.finishedAt === null) {
      const claimed = await worker.claim(37);
      await worker.end(claimed, () => null);
    }
  };
  await Promise.all(workers.map(work));
  expect(await fresh.database.dags.getRun(run)).toMatchObject({ state: 'completed', open: 0 });
  expect(await jobsOf(run)).toEqual([]);
  const nodes = await harness.nodes(run);
  expect(nodes.filter(({ state, jobId }) => state === 'completed' && jobId !== null)).toHaveLength(
    parents + 1,
  );
}, 120_000);

test('connections that are killed again and again in the middle of steps lose and double nothing', async () => {
  const harness = createHarness(fresh.database);
  const width = 200;
  const nodes = [
    jobNode('root'),
    ...Array.from({ length: width }, (_, at) => jobNode(`m${at}`, [0])),
    ...Array.from({ length: width }, (_, at) =>
      jobNode(
        `n${at}`,
        [1 + at, 1 + ((at + 1) % width)].sort((a, b) => a - b),
      ),
    ),
    jobNode(
      'end',
      [...Array(width).keys()].map((at) => 1 + width + at),
    ),
  ];
  const graph = graphOf(nodes, { name: 'killed', maxParallel: 50 });
  await killSteps(fresh.url, async (stepping) => {
    const run = await harness.start(graph);
    const ended = await stepping(() => harness.finish(run));
    expect(ended).toMatchObject({ state: 'completed', open: 0 });
    expect(await jobsOf(run)).toEqual([]);
  });
  const { rows } = await onServer(fresh.url, 'select count(*)::integer as n from dag_due');
  expect(rows).toEqual([{ n: 0 }]);
}, 120_000);

/** All runs below a run, with how many runs each of their node runs has. */
const childrenOf = async (run: string): Promise<{ readonly runs: number; readonly doubled: number }> => {
  const text = `
select count(*)::integer as runs,
  (count(*) - count(distinct (parent_run_id, parent_node, parent_item)))::integer as doubled
from dag_runs where top_run_id = '${run}'`;
  return (await onServer(fresh.url, text)).rows[0] as { runs: number; doubled: number };
};

test('sub-DAGs and approvals under killed connections and 4 orchestrators: each run, question and job exists once', async () => {
  const harness = createHarness(fresh.database);
  const items = 20;
  const leaf = graphOf([jobNode('a'), jobNode('b', [0])], { name: 'race-leaf' });
  const forEach = { items: [1, 2], maxParallel: null, failFast: false };
  await harness.apply(leaf);
  await harness.apply(
    graphOf([approvalNode('ask'), subDagNode('leaves', 'race-leaf', [0], { forEach })], {
      name: 'race-middle',
    }),
  );
  const outer = { ...forEach, items: [...Array(items).keys()], maxParallel: 10 };
  const graph = graphOf([subDagNode('middles', 'race-middle', [], { forEach: outer })], { name: 'race-top' });
  const all = { project: null, dag: 'race-middle' };
  const answers = { done: false };
  const answerAll = async (): Promise<void> => {
    const { items: asking } = await fresh.database.dags.listApprovals(all, { after: null, limit: 100 });
    for (const { run, node } of asking)
      await fresh.database.dags.answerApproval(run, node, 'approved', { actor: 'ann', reason: '' });
  };
  // Whose connection was killed too often in a row is told so, and answers again.
  const answer = async (): Promise<void> => {
    while (!answers.done) await answerAll().catch(ifKilled(undefined));
  };
  let rounds = 0;
  await killSteps(fresh.url, async (stepping) => {
    rounds += 1;
    answers.done = false;
    const run = await harness.start(graph);
    const ended = await stepping(async () => {
      const answering = answer();
      const end = await harness.finish(run);
      answers.done = true;
      await answering;
      return end;
    });
    expect(ended).toMatchObject({ state: 'completed', open: 0 });
    expect(await childrenOf(run)).toEqual({ runs: items * 3, doubled: 0 });
    expect(await jobsOf(run)).toEqual([]);
  });
  const text = `
select (select count(*) from dag_approvals where state = 'approved')::integer as approved,
  (select count(*) from dag_due)::integer as marks,
  (select count(*) from job_specs where labels ->> 'job-orchestrator.io/dag' = 'race-leaf')::integer as jobs`;
  const { rows } = await onServer(fresh.url, text);
  expect(rows).toEqual([{ approved: items * rounds, marks: 0, jobs: items * 2 * 2 * rounds }]);
}, 180_000);

test('a retry under killed connections and 4 orchestrators runs what failed once, keeps the rest, and loses nothing', async () => {
  const harness = createHarness(fresh.database);
  const width = 60;
  const leaf = [...Array(width).keys()].map((at) => jobNode(`l${at}`));
  await harness.apply(graphOf(leaf, { name: 'retry-leaf' }));
  const forEach = { items: [...Array(width).keys()], maxParallel: 20, failFast: false };
  const each = jobNode('each', [], { forEach, job: { image: 'busybox', args: ['${{ string(item) }}'] } });
  const graph = graphOf([each, subDagNode('sub', 'retry-leaf')], { name: 'retry-race' });
  await killSteps(fresh.url, async (stepping) => {
    const run = await harness.start(graph);
    let count = 0;
    const first = await harness.finish(run, () => ((count += 1) % 3 === 0 ? 'failed' : null));
    expect([first.state, count]).toEqual(['failed', 2 * width]);
    const { id } = await rerun(harness.deps, run, { kind: 'failed' }, {}, { actor: 'ann', reason: 'again' });
    const ended = await stepping(() => harness.finish(id));
    expect(ended).toMatchObject({ state: 'completed', open: 0 });
    expect(await childrenOf(id)).toEqual({ runs: 1, doubled: 0 });
    expect(await jobsOf(id)).toMatchObject([{ name: 'each' }]);
    const own = (await harness.nodes(id)).filter(({ item, keptFrom }) => item !== null && keptFrom === null);
    const [child] = (await harness.nodes(id)).filter(({ name }) => name === 'sub');
    const below = (await harness.nodes(child!.childRun!)).filter(({ keptFrom }) => keptFrom === null);
    expect(own.length + below.length).toBe((2 * width) / 3);
  });
  const { rows } = await onServer(fresh.url, 'select count(*)::integer as n from dag_due');
  expect(rows).toEqual([{ n: 0 }]);
}, 180_000);
