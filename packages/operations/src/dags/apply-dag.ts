import type { DagGraph, JsonValue, WriteContext } from '@job-orchestrator/types';
import { createHash } from 'node:crypto';
import type { OperationDeps } from '../dependencies.ts';

/** What became of a definition: a new version, or the newest one, which says the same. */
export interface AppliedDag {
  readonly project: string;
  readonly name: string;
  readonly version: number;
  readonly created: boolean;
}

/** sha-256 of a compiled graph: `compile` gives equal definitions equal graphs, key by key. */
export const graphDigest = (graph: DagGraph): string =>
  createHash('sha256').update(JSON.stringify(graph)).digest('hex');

/** Stores a definition as a new version, unless its newest version has the same content. */
export const applyDag = async (
  deps: OperationDeps,
  document: JsonValue,
  graph: DagGraph,
  context: WriteContext,
): Promise<AppliedDag> => {
  const { project, name } = graph;
  const dag = { project, name, digest: graphDigest(graph), document, graph };
  return { project, name, ...(await deps.database.dags.apply(dag, context)) };
};
