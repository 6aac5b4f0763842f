import type { JsonValue, WriteContext } from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { readTree } from './sub-dags.ts';

/** What became of a definition: a new version, or the newest one, which says the same. */
export interface AppliedDag {
  readonly project: string;
  readonly name: string;
  readonly version: number;
  readonly created: boolean;
}

/**
 * Stores a definition as a new version, unless its newest version has the same content. Throws `invalid_input`, also for
 * `dag` nodes that fit no DAG there is now.
 */
export const applyDag = async (
  deps: OperationDeps,
  document: JsonValue,
  context: WriteContext,
): Promise<AppliedDag> => {
  const { graph, digest } = deps.dagRules.compile(document);
  const { project, name } = graph;
  // The version that it would be is not known, and no other has this one.
  await readTree(deps, { version: 0, graph });
  const dag = { project, name, digest, document, graph };
  return { project, name, ...(await deps.database.dags.apply(dag, context)) };
};
