import {
  newDagRunId,
  newJobId,
  type NewJob,
  type DagGraph,
  type NodeProgress,
  type RunProgress,
} from '@job-orchestrator/types';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Parameter, Row, Sql, Statement } from '../connection/sql.ts';
import { readEnds } from '../sql/dags/read-ends.ts';
import { recordItemEnds, recordStarts, updateNodes } from '../sql/dags/write-step.ts';
import { freshDatabase } from '../testing/fresh-database.ts';
import { sampleContext } from '../testing/samples.ts';

const width = 500;
const run = newDagRunId();
let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let client: pg.Client;

const graph = {
  name: 'wide',
  project: 'default',
  deadlineSeconds: 60,
  nodes: Array.from({ length: width }, (_, at) => ({ name: `n${at}` })),
} as unknown as DagGraph;

beforeAll(async () => {
  fresh = await freshDatabase();
  client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  await client.query('alter table node_runs set (autovacuum_enabled = off)');
  const { dags } = fresh.database;
  await dags.apply({ project: 'default', name: 'wide', digest: 'd', document: {}, graph }, sampleContext);
  const setup = { id: run, project: 'default', dag: 'wide', version: 1, inputs: {}, images: {}, pins: {} };
  const begun = {
    progress: { state: 'pending', nodeRuns: width } as RunProgress,
    parents: null,
    kept: null,
  };
  await dags.startRun({ ...setup, graph, ...begun }, sampleContext);
});
afterAll(async () => {
  await client.end();
  await fresh.close();
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Loops': number;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** Rows that a plan looked at: what it gave and what it threw away, in all its loops. */
const rowsTouched = (plan: Plan): number =>
  nodesOf(plan).reduce(
    (sum, node) =>
      sum +
      node['Actual Loops'] *
        (node['Actual Rows'] +
          (node['Rows Removed by Filter'] ?? 0) +
          (node['Rows Removed by Join Filter'] ?? 0)),
    0,
  );

/** Runs a statement with `explain analyze`, and answers what the callers of counted updates expect. */
const explaining = (changed: number): { readonly sql: Sql; readonly plans: Plan[] } => {
  const plans: Plan[] = [];
  const explain = async (
    statement: Statement,
    parameters: readonly Parameter[] = [],
  ): Promise<readonly Row[]> => {
    const text = `explain (analyze, format json) ${statement.text}`;
    const { rows } = await client.query<{ 'QUERY PLAN': readonly { readonly Plan: Plan }[] }>(text, [
      ...parameters,
    ]);
    plans.push(rows[0]!['QUERY PLAN'][0]!.Plan);
    return [{ changed }];
  };
  return { sql: { run: explain as Sql['run'] }, plans };
};

const progress = {
  state: 'ready',
  reason: null,
  message: null,
  parents: { completed: 0, failed: 0, skipped: 0 },
  items: null,
  stopping: false,
  startable: true,
  gate: null,
} as const satisfies NodeProgress & { startable: boolean; gate: null };

const jobs = Array.from({ length: width }, () => newJobId());
const each = <T>(make: (node: number) => T): T[] => Array.from({ length: width }, (_, node) => make(node));

/** In the order of a run: each finds what the one before stored. */
const statements: Readonly<Record<string, (sql: Sql) => Promise<unknown>>> = {
  updateNodes: (sql) => updateNodes(sql, run, new Map(each((node) => [node, progress]))),
  recordStarts: (sql) =>
    recordStarts(
      sql,
      run,
      each((node) => ({
        node,
        item: null,
        work: { kind: 'job' as const, job: { id: jobs[node]! } as NewJob },
      })),
    ),
  readEnds: (sql) => readEnds(sql, run, jobs),
  recordItemEnds: (sql) =>
    recordItemEnds(
      sql,
      run,
      each((node) => ({ node, item: -1, state: 'completed' as const, reason: null, message: null })),
    ),
};

const circumstances: Readonly<Record<string, string>> = {
  'before statistics were taken': 'select',
  'with statistics that say there is one row': `update pg_class set reltuples = 1, relpages = 1 where relname = 'node_runs'`,
  'where the planner thinks nested loops cheap': 'set enable_hashjoin = off; set enable_mergejoin = off',
};

test.each(Object.keys(circumstances))('a step touches each row a few times %s', async (name) => {
  await client.query(`update node_runs set job_id = null, state = 'waiting', finished_at = null`);
  await client.query(circumstances[name]!);
  for (const [statement, work] of Object.entries(statements)) {
    const { sql, plans } = explaining(width);
    await work(sql);
    // Compared row by row with one another it were 250,000.
    const few = plans.every((plan) => rowsTouched(plan) <= 10 * width);
    expect({ statement, few }).toEqual({ statement, few: true });
  }
});
