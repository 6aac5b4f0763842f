import { openDatabase } from '@job-orchestrator/postgres';
import { freshDatabase, onServer, silentLog } from '@job-orchestrator/postgres/testing';
import type { Database } from '@job-orchestrator/types';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { createHarness } from '../testing/run-harness.ts';
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
  const state = { done: false, kills: 0, stepping: false };
  const kill = async (): Promise<void> => {
    while (!state.done) {
      const text = `
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
  and (query like '%dag_due%' or query like '%node_runs%') limit 1`;
      if (state.stepping) state.kills += (await onServer(fresh.url, text)).rows.length;
      else await turn();
    }
  };
  const killing = kill();
  // How many kills meet a step depends on the machine: runs are started until enough did.
  while (state.kills < 3) {
    const run = await harness.start(graph);
    state.stepping = true;
    expect(await harness.finish(run)).toMatchObject({ state: 'completed', open: 0 });
    state.stepping = false;
    expect(await jobsOf(run)).toEqual([]);
  }
  state.done = true;
  await killing;
  const { rows } = await onServer(fresh.url, 'select count(*)::integer as n from dag_due');
  expect(rows).toEqual([{ n: 0 }]);
}, 120_000);
