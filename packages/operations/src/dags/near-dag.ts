import { didYouMean, limits } from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';

/** `; did you mean load-day?` for a name that no DAG has; empty where none is near. */
export const nearDag = async (
  { database }: OperationDeps,
  project: string,
  name: string,
): Promise<string> => {
  const { items } = await database.dags.list(project, { after: null, limit: limits.pageItems });
  const near = didYouMean(
    name,
    items.map((dag) => dag.name),
  );
  return near === null ? '' : `; did you mean ${near}?`;
};
