import type { DagGraph, DagRunId, RunProgress } from '@job-orchestrator/types';
import type pg from 'pg';
import type { Parameter, Row, Sql, Statement } from '../connection/sql.ts';
import type { FreshDatabase } from './fresh-database.ts';
import { sampleContext } from './samples.ts';

/** A node of a plan as PostgreSQL explains it in JSON; rows and loops only with `analyze`. */
export interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Loops'?: number;
  readonly 'Actual Rows'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly Plan[];
}

/** A plan and all beneath it. */
export const nodesOf = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** Rows that a plan looked at: what it gave and what it threw away, in all its loops. */
export const rowsTouched = (plan: Plan): number =>
  nodesOf(plan).reduce((sum, node) => {
    const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Join Filter'] ?? 0);
    return sum + (node['Actual Loops'] ?? 0) * ((node['Actual Rows'] ?? 0) + removed);
  }, 0);

/** Runs each statement with `explain analyze`, keeps its plan, and answers what `answer` makes of it. */
export const explaining = (
  client: pg.Client,
  answer: (text: string, parameters: Parameter[]) => Promise<readonly Row[]>,
): { readonly sql: Sql; readonly plans: Plan[] } => {
  const plans: Plan[] = [];
  const run = async ({ text }: Statement, parameters: readonly Parameter[] = []): Promise<readonly Row[]> => {
    const { rows } = await client.query<{ 'QUERY PLAN': readonly { readonly Plan: Plan }[] }>(
      `explain (analyze, format json) ${text}`,
      [...parameters],
    );
    plans.push(rows[0]!['QUERY PLAN'][0]!.Plan);
    return answer(text, [...parameters]);
  };
  return { sql: { run: run as Sql['run'] }, plans };
};

/** Under which PostgreSQL may plan anything, or nothing: a statement about node runs has to be cheap in each. */
export const hostileStatistics: Readonly<Record<string, string>> = {
  'before statistics were taken': 'select',
  'with statistics that say there is one row': `update pg_class set reltuples = 1, relpages = 1 where relname = 'node_runs'`,
  'with statistics of now': 'analyze node_runs',
  'where the planner thinks nested loops cheap': 'set enable_hashjoin = off; set enable_mergejoin = off',
};

/** A DAG of so many nodes that need nothing, with a run of it that was just started. */
export const startWideRun = async (
  { database }: FreshDatabase,
  run: DagRunId,
  name: string,
  width: number,
): Promise<void> => {
  const nodes = Array.from({ length: width }, (_, at) => ({ name: `n${at}` }));
  const graph = { name, project: 'default', deadlineSeconds: 60, nodes } as unknown as DagGraph;
  await database.dags.apply({ project: 'default', name, digest: 'd', document: {}, graph }, sampleContext);
  const setup = { id: run, project: 'default', dag: name, version: 1, inputs: {}, images: {}, pins: {} };
  const progress = { state: 'pending', phase: 'main', nodeRuns: width } as RunProgress;
  await database.dags.startRun({ ...setup, graph, progress, parents: null, kept: null }, sampleContext);
};
