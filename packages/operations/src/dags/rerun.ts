import {
  countsAs,
  OrchestratorError,
  type DagGraph,
  type DagRunId,
  type DagRunRecord,
  type IdempotencyKey,
  type JsonObject,
  type NodeRunRecord,
  type RunProgress,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { readRun } from './find-run.ts';
import { initialRun } from './run-progress.ts';
import { readDag, surroundingsOf, type StartedRun } from './start-run.ts';

/** What of an ended run is run again: what did not end well, or a node; and always all that depends on it. */
export type RerunFrom = { readonly kind: 'failed' } | { readonly kind: 'node'; readonly name: string };

/** What is other than it was. `inputs` null: those of the old run. */
export interface RerunChanges {
  readonly inputs?: JsonObject | null;
  /** True: the new run looks for no results in the cache. */
  readonly noCache?: boolean;
}

type State = Pick<NodeRunRecord, 'state' | 'reason' | 'items'>;

/** What ended on its own account and well enough to be kept: a condition that was false stays false. */
const endedWell = ({ state, reason }: State): boolean =>
  state === 'completed' ||
  (state === 'skipped' && ['condition', 'empty', 'upstream_skipped', 'rule_not_met'].includes(reason ?? ''));

const startOf = ({ nodes, name: dag }: DagGraph, states: readonly State[], from: RerunFrom): number[] => {
  if (from.kind === 'failed') return [...nodes.keys()].filter((node) => !endedWell(states[node]!));
  const found = nodes.findIndex(({ name }) => name === from.name);
  if (found >= 0) return [found];
  throw new OrchestratorError('invalid_input', `The DAG ${dag} has no node ${from.name}.`, [
    { field: 'from', message: 'must be a node of the DAG', value: from.name },
  ]);
};

/** The nodes to run again, by index: from where it starts, everything that needs or reads it, and every final node. */
export const nodesToRerun = (
  graph: DagGraph,
  states: readonly State[],
  from: RerunFrom,
): ReadonlySet<number> => {
  const again = new Set(startOf(graph, states, from));
  graph.nodes.forEach(({ needs, reads, final }, node) => {
    if (final || needs.some((need) => again.has(need)) || reads.some((read) => again.has(read)))
      again.add(node);
  });
  return again;
};

/** Where a run begins that keeps the ends of all nodes but these. */
export const progressOfRerun = (
  graph: DagGraph,
  states: readonly State[],
  again: ReadonlySet<number>,
): { readonly progress: RunProgress; readonly parents: RunParents } => {
  const kept = [...graph.nodes.keys()].filter((node) => !again.has(node));
  const parents = graph.nodes.map(({ needs }) => {
    const counts = { completed: 0, failed: 0, skipped: 0 };
    for (const need of needs) if (!again.has(need)) counts[countsAs(states[need]!)] += 1;
    return counts;
  });
  const first = initialRun(graph);
  const failures = kept.filter((node) => countsAs(states[node]!) === 'failed').length;
  const keptItems = kept.reduce((sum, node) => sum + (states[node]!.items?.total ?? 0), 0);
  const nodeRuns = first.nodeRuns + keptItems;
  return { progress: { ...first, open: first.open - kept.length, failures, nodeRuns }, parents };
};
type RunParents = readonly {
  readonly completed: number;
  readonly failed: number;
  readonly skipped: number;
}[];

const statesOf = async (deps: OperationDeps, id: DagRunId): Promise<readonly State[]> => {
  const states: State[] = [];
  for (let after: string | null = null; ;) {
    const page = await deps.database.dags.listNodeRuns(id, { after, limit: 500 });
    for (const { node, item, state, reason, items } of page.items)
      if (item === null) states[node] = { state, reason, items };
    if (page.next === null) return states;
    after = page.next;
  }
};

const refuseOpen = ({ id, state, finishedAt }: DagRunRecord): void => {
  if (finishedAt !== null) return;
  throw new OrchestratorError(
    'dag_run_not_ended',
    `DAG run ${id} is ${state}; only an ended run can be run again.`,
  );
};

/** A run of which nothing failed has nothing to retry; its final nodes alone are none of it. */
const refuseUnfailed = ({ id }: DagRunRecord, states: readonly State[], { kind }: RerunFrom): void => {
  if (kind !== 'failed' || !states.every(endedWell)) return;
  throw new OrchestratorError('dag_run_not_failed', `Nothing of DAG run ${id} failed.`);
};

/**
 * Runs parts of an ended run again, as a new run of the same version that keeps the ends of the other nodes with their
 * outputs; the old run never changes. Throws `dag_run_not_found`,
 * `dag_run_not_ended`, `dag_run_not_failed`, `invalid_input`, `image_not_found`, `image_disabled`, `profile_not_found`,
 * `secret_not_bound`, `secret_not_allowed`, `idempotency_key_reused`.
 */
export const rerun = async (
  deps: OperationDeps,
  id: DagRunId,
  from: RerunFrom,
  { inputs = null, noCache = false }: RerunChanges,
  context: WriteContext,
  key?: IdempotencyKey,
): Promise<StartedRun> => {
  const old = await readRun(deps, id);
  refuseOpen(old);
  const { graph, version } = await readDag(deps, {
    project: old.project,
    name: old.dag,
    version: old.version,
  });
  const states = await statesOf(deps, id);
  refuseUnfailed(old, states, from);
  const setup = await deps.database.dags.getSetup(id);
  const again = nodesToRerun(graph, states, from);
  const run = {
    id: deps.newDagRunId(),
    project: old.project,
    dag: old.dag,
    version,
    graph,
    inputs: inputs === null ? old.inputs : deps.dagRules.completeInputs(graph, inputs),
    ...(await surroundingsOf(deps, { version, graph }, context, setup?.pins)),
    ...progressOfRerun(graph, states, again),
    kept: { run: id, nodes: [...graph.nodes.keys()].filter((node) => !again.has(node)) },
    rootRun: id,
    noCache,
  };
  return { version, ...(await deps.database.dags.startRun(run, context, key)) };
};
