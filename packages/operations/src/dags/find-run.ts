import {
  dagRunId,
  isUuid,
  OrchestratorError,
  shortId,
  type DagRunId,
  type DagRunRecord,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { leastSelectorChars, noneFits } from '../jobs/find-job.ts';

/** Throws `dag_run_not_found`. */
export const readRun = async (deps: OperationDeps, id: DagRunId): Promise<DagRunRecord> => {
  const run = await deps.database.dags.getRun(id);
  if (run === null) throw new OrchestratorError('dag_run_not_found', `There is no DAG run ${id}.`);
  return run;
};

/**
 * The one run that a selector means: a full id, a unique beginning or end of one (4 characters or more), or `@latest`.
 * Throws `dag_run_not_found`, `dag_run_ambiguous`.
 */
export const findRun = async (deps: OperationDeps, selector: string): Promise<DagRunId> => {
  const notFound = (message: string) => new OrchestratorError('dag_run_not_found', message);
  if (selector === '@latest') {
    const latest = await deps.database.dags.latestRunId();
    if (latest === null) throw notFound('There are no DAG runs yet.');
    return latest;
  }
  const text = selector.toLowerCase();
  if (isUuid(text)) return dagRunId(text);
  if (!new RegExp(`^[0-9a-f-]{${leastSelectorChars},36}$`).test(text))
    throw notFound(`${JSON.stringify(selector.slice(0, 64))} is not the id of a DAG run.`);
  const ids = await deps.database.dags.findRunIds(text, 6);
  const [id] = ids;
  if (id === undefined) throw notFound(noneFits('DAG run', selector));
  if (ids.length === 1) return id;
  const shown = ids.slice(0, 5).map((one) => `${shortId(one)} (${one})`);
  throw new OrchestratorError(
    'dag_run_ambiguous',
    `${selector} fits more than one DAG run: ${shown.join(', ')}.`,
  );
};
