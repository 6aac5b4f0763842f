import { didYouMean, limits, OrchestratorError } from '@job-orchestrator/types';
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

/** There is no DAG of this name. */
export const dagNotFound = async (
  deps: OperationDeps,
  project: string,
  name: string,
): Promise<OrchestratorError> => {
  const near = await nearDag(deps, project, name);
  const message = `There is no DAG ${name} in project ${project}${near === '' ? '.' : near}`;
  return new OrchestratorError('dag_not_found', message);
};

/** There is no such version of a DAG; says which is the newest. */
export const versionNotFound = async (
  deps: OperationDeps,
  project: string,
  name: string,
  version: number,
): Promise<OrchestratorError> => {
  const newest = await deps.database.dags.getVersion(project, name, null);
  if (newest === null) return dagNotFound(deps, project, name);
  const message = `There is no version ${version} of DAG ${name} in project ${project}; its newest is ${newest.version}.`;
  return new OrchestratorError('dag_not_found', message);
};
