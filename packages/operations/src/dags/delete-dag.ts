import {
  OrchestratorError,
  type DagVersionSummary,
  type Page,
  type PageRequest,
  type RemoveDagAnswer,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { dagNotFound } from './near-dag.ts';

const named = (what: string, names: readonly string[]): string[] =>
  names.length === 0 ? [] : [`${what}${names.length === 1 ? '' : 's'} ${names.join(', ')}`];

const inUse = (name: string, { schedules, dags }: Extract<RemoveDagAnswer, { kind: 'in_use' }>) => {
  const users = [...named('schedule', schedules), ...named('DAG', dags)].join(' and ');
  return new OrchestratorError('dag_in_use', `${name} is run by ${users}.`);
};

/**
 * Takes a DAG out of use: nothing starts runs of it any more. Its versions and runs stay as they are, runs that go on
 * end as they would, and applied again it goes on with its next version. Throws `dag_not_found`, `dag_in_use`.
 */
export const deleteDag = async (
  deps: OperationDeps,
  project: string,
  name: string,
  context: WriteContext,
): Promise<void> => {
  const answer = await deps.database.dags.remove(project, name, context);
  if (answer.kind === 'absent') throw await dagNotFound(deps, project, name);
  if (answer.kind === 'in_use') throw inUse(name, answer);
};

/** The versions of a DAG, newest first, those of a deleted one too. Throws `dag_not_found`. */
export const listDagVersions = async (
  deps: OperationDeps,
  project: string,
  name: string,
  page: PageRequest,
): Promise<Page<DagVersionSummary>> => {
  const found = await deps.database.dags.listVersions(project, name, page);
  if (found.items.length === 0 && page.after === null) throw await dagNotFound(deps, project, name);
  return found;
};
