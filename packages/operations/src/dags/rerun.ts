import {
  OrchestratorError,
  type DagGraph,
  type DagPins,
  type DagRunId,
  type DagRunRecord,
  type EndedNode,
  type IdempotencyKey,
  type JsonObject,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { changedInputs, isForOthers, nodesToRerun, whyOutputs, type RerunFrom } from './again.ts';
import { readRun } from './find-run.ts';
import { retryOf } from './repair.ts';
import { readDag, replayOf, surroundingsOf, type StartedRun } from './start-run.ts';

/** What is other than it was. `inputs` null: those of the old run. */
export interface RerunChanges {
  readonly inputs?: JsonObject | null;
  /** True: the new run looks for no results in the cache. */
  readonly noCache?: boolean;
}

/** A run that runs parts of another again. */
export interface RepairedRun extends StartedRun {
  /** How many nodes it keeps, and how many run again. */
  readonly kept: number;
  readonly again: number;
  /** The first of those that run again for more than the sake of others, and why. */
  readonly because: readonly { readonly node: string; readonly why: string }[];
  /** Why the outputs of the DAG are other than they were, whatever its nodes do; null: for no such reason. */
  readonly outputs: string | null;
}

/** What of an ended run runs again, before anything is written. */
export interface Rerun {
  readonly old: DagRunRecord;
  readonly graph: DagGraph;
  readonly inputs: JsonObject;
  readonly ended: readonly EndedNode[];
  /** By node: why it runs again. */
  readonly again: ReadonlyMap<number, string>;
  readonly outputs: string | null;
  /** Where the new run begins, and what it has of the old one. */
  readonly retry: ReturnType<typeof retryOf>;
  /** The versions of sub-DAGs that the old run had. */
  readonly pins: DagPins;
}

const endsOf = async (deps: OperationDeps, id: DagRunId): Promise<readonly EndedNode[]> => {
  const ended: EndedNode[] = [];
  for (let after: string | null = null; ;) {
    const page = await deps.database.dags.listNodeRuns(id, { after, limit: 500 });
    for (const { node, item, state, reason, items, childRun } of page.items)
      if (item === null) ended[node] = { state, reason, items, childRun };
    if (page.next === null) return ended;
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
const refuseUnfailed = ({ id }: DagRunRecord, again: Rerun['again'], outputs: Rerun['outputs']): void => {
  if (outputs !== null || ![...again.values()].every(isForOthers)) return;
  throw new OrchestratorError(
    'dag_run_not_failed',
    `Nothing of DAG run ${id} failed, and no input that a node reads, or the outputs of the DAG, is other than it was.`,
  );
};

const becauseMost = 20;

/** Those that run again because of others say nothing that the others do not. */
const because = ({ nodes }: DagGraph, again: ReadonlyMap<number, string>): RepairedRun['because'] =>
  [...again]
    .filter(([, why]) => !isForOthers(why))
    .slice(0, becauseMost)
    .map(([node, why]) => ({ node: nodes[node]!.name, why }));

/**
 * Decides what of an ended run runs again. Throws `dag_run_not_found`, `dag_run_not_ended`, `dag_run_not_failed`,
 * `invalid_input`.
 */
export const prepareRerun = async (
  deps: OperationDeps,
  id: DagRunId,
  from: RerunFrom,
  given: JsonObject | null,
): Promise<Rerun> => {
  const old = await readRun(deps, id);
  refuseOpen(old);
  const { project, dag: name, version } = old;
  const { graph } = await readDag(deps, { project, name, version });
  const inputs = given === null ? old.inputs : deps.dagRules.completeInputs(graph, given);
  const { inputReads, outputInputs } = deps.dagRules;
  const changed = changedInputs(old.inputs, inputs);
  const wanted = { from, changed, inputReads };
  const ended = await endsOf(deps, id);
  const again = nodesToRerun(graph, ended, wanted);
  const outputs = whyOutputs(outputInputs(graph), changed);
  const setup = await deps.database.dags.getSetup(id);
  refuseUnfailed(old, again, outputs);
  const retry = retryOf(graph, { id, nodes: ended }, again, wanted);
  return { old, graph, inputs, ended, again, outputs, retry, pins: setup?.pins ?? {} };
};

/**
 * Runs parts of an ended run again, as a new run of the same version that keeps the ends of the other nodes with their
 * outputs; the old run never changes. What reads an input that is other than it was runs again too. Throws what
 * `prepareRerun` throws, and `image_not_found`, `image_disabled`, `profile_not_found`, `secret_not_bound`,
 * `secret_not_allowed`, `idempotency_key_reused`.
 */
export const rerun = async (
  deps: OperationDeps,
  id: DagRunId,
  from: RerunFrom,
  { inputs: given = null, noCache = false }: RerunChanges,
  context: WriteContext,
  key?: IdempotencyKey,
): Promise<RepairedRun> => {
  const { old, graph, inputs, again, outputs, retry, pins } = await prepareRerun(deps, id, from, given);
  const { project, dag, version } = old;
  const counts = { kept: retry.kept.nodes.length, again: again.size };
  const told = { ...counts, because: because(graph, again), outputs };
  const replay = await replayOf(deps, project, key);
  if (replay !== null) return { ...replay, ...told };
  const run = {
    id: deps.newDagRunId(),
    project,
    dag,
    version,
    inputs,
    noCache,
    ...(await surroundingsOf(deps, { version, graph }, context, pins)),
    ...retry,
  };
  const started = await deps.database.dags.startRun(run, context, key);
  return { version, ...started, ...told };
};
