import type { DagRunId, PlanRequest, PlanView } from '@job-orchestrator/types';
import type { Sql } from '../connection/sql.ts';
import * as prior from '../sql/dags/prior.ts';
import { findReusable } from '../sql/dags/reuse.ts';

const merged = <Key, Value>(
  one: ReadonlyMap<Key, Value> = new Map(),
  two: ReadonlyMap<Key, Value> = new Map(),
): ReadonlyMap<Key, Value> => new Map([...one, ...two]);

const priorRuns = async (sql: Sql, runs: readonly DagRunId[]): Promise<PlanView['priorRuns']> => {
  const nodes = await prior.readPriorNodes(sql, runs);
  const found = await prior.readPriorRuns(sql, runs);
  const none = runs.map((run) => [run, null] as const);
  return new Map([...none, ...found.map((run) => [run.id, { ...run, nodes: nodes.get(run.id)! }] as const)]);
};

/** What the view shows of other runs and of earlier ones: results to be used again, and what this run repairs. */
export const extendPast = async (
  sql: Sql,
  run: DagRunId,
  view: PlanView,
  { reusable, priorLists: lists, priors, priorRuns: runs }: PlanRequest,
): Promise<PlanView> => ({
  ...view,
  ...(reusable && { reusable: merged(view.reusable, await findReusable(sql, reusable)) }),
  ...(lists && {
    priorLists: merged(view.priorLists, await prior.readPriorLists(sql, lists.from, lists.nodes)),
  }),
  ...(priors && { priors: merged(view.priors, await prior.readPriors(sql, run, priors)) }),
  ...(runs && { priorRuns: merged(view.priorRuns, await priorRuns(sql, runs)) }),
});
