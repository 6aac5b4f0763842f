import { newDagRunId, newJobId, type DagGraph, type JobId, type RunProgress } from '@job-orchestrator/types';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Parameter, Row, Sql, Statement } from '../connection/sql.ts';
import { nextDeadlineMs } from '../sql/dags/next-deadline.ts';
import { readPriors } from '../sql/dags/prior.ts';
import { findReusable } from '../sql/dags/reuse.ts';
import { freshDatabase } from '../testing/fresh-database.ts';
import { sampleContext } from '../testing/samples.ts';

const width = 500;
const run = newDagRunId();
let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let client: pg.Client;

const graph = {
  name: 'cached',
  project: 'default',
  deadlineSeconds: 60,
  nodes: Array.from({ length: width }, (_, at) => ({ name: `n${at}` })),
} as unknown as DagGraph;
const jobs = Array.from({ length: width }, (): JobId => newJobId());

/** Half of the node runs did the same, the others each something of their own. */
const keyOf = (node: number): string => (node % 2 === 0 ? 'same' : `own-${node}`);

beforeAll(async () => {
  fresh = await freshDatabase();
  client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  await client.query('alter table node_runs set (autovacuum_enabled = off)');
  const { dags } = fresh.database;
  await dags.apply({ project: 'default', name: 'cached', digest: 'd', document: {}, graph }, sampleContext);
  const setup = { id: run, project: 'default', dag: 'cached', version: 1, inputs: {}, images: {}, pins: {} };
  const progress = { state: 'pending', phase: 'main', nodeRuns: width } as RunProgress;
  const begun = { progress, parents: null, kept: null };
  await dags.startRun({ ...setup, graph, ...begun }, sampleContext);
  await client.query(
    `insert into finished_jobs (id, topic_id, state, rank, run_at, finished_at, event_seq, attempt, used_user,
       used_infrastructure, used_output, used_unknown, used_out_of_memory, attempt_state)
     select id, 1, 'completed', 0, now(), now(), 1, 1, 0, 0, 0, 0, 0, 'succeeded' from unnest($1::uuid[]) id`,
    [jobs],
  );
  await client.query(
    `update node_runs n set state = 'completed', finished_at = now(), job_id = ($2::uuid[])[n.node + 1],
       cache_key = ($3::text[])[n.node + 1] where run_id = $1`,
    [run, jobs, jobs.map((_, node) => keyOf(node))],
  );
});
afterAll(async () => {
  await client.end();
  await fresh.close();
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Loops': number;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** Rows that a plan looked at: what it gave and what it threw away, in all its loops. */
const rowsTouched = (plan: Plan): number =>
  nodesOf(plan).reduce((sum, node) => {
    const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Join Filter'] ?? 0);
    return sum + node['Actual Loops'] * (node['Actual Rows'] + removed);
  }, 0);

/** Runs a statement, and once more with `explain analyze`. */
const explaining = (): { readonly sql: Sql; readonly plans: Plan[] } => {
  const plans: Plan[] = [];
  const explain = async (
    { text }: Statement,
    parameters: readonly Parameter[] = [],
  ): Promise<readonly Row[]> => {
    const explained = await client.query<{ 'QUERY PLAN': readonly { readonly Plan: Plan }[] }>(
      `explain (analyze, format json) ${text}`,
      [...parameters],
    );
    plans.push(explained.rows[0]!['QUERY PLAN'][0]!.Plan);
    return (await client.query<Row>(text, [...parameters])).rows;
  };
  return { sql: { run: explain as Sql['run'] }, plans };
};

const requests = jobs.map((_, node) => ({
  node,
  item: null,
  cacheKey: keyOf(node),
  maxAgeSeconds: node % 3 === 0 ? 3_600 : null,
}));

const circumstances: Readonly<Record<string, string>> = {
  'before statistics were taken': 'select',
  'with statistics that say there is one row': `update pg_class set reltuples = 1, relpages = 1 where relname = 'node_runs'`,
  'with statistics of now': 'analyze node_runs',
  'where the planner thinks nested loops cheap': 'set enable_hashjoin = off; set enable_mergejoin = off',
};

test.each(Object.keys(circumstances))('looking up results touches a few rows each %s', async (name) => {
  await client.query(circumstances[name]!);
  const { sql, plans } = explaining();
  const found = await findReusable(sql, requests);
  expect([...found.values()].every((result) => result?.run === run)).toBe(true);
  // Those that did the same, compared one by one for each of them, were 62,500.
  expect(rowsTouched(plans[0]!)).toBeLessThan(20 * width);
});

test.each(Object.keys(circumstances))('what was noted of items is read by their keys %s', async (name) => {
  await client.query(circumstances[name]!);
  const { sql, plans } = explaining();
  const places = jobs.slice(0, 10).map((_, node) => ({ node, item: null }));
  expect([...(await readPriors(sql, run, places)).values()]).toEqual(Array(10).fill(null));
  expect(rowsTouched(plans[0]!)).toBeLessThan(100);
});

test('the next deadline is that of the open run, read by index', async () => {
  await client.query('analyze dag_runs');
  await client.query('set enable_seqscan = off');
  const { sql, plans } = explaining();
  const ms = await nextDeadlineMs(sql);
  expect(ms).toBeGreaterThan(0);
  expect(ms).toBeLessThanOrEqual(60_000);
  const scanned = nodesOf(plans[0]!).map((node) => node['Node Type']);
  expect(scanned.filter((type) => type === 'Seq Scan')).toEqual([]);
});
