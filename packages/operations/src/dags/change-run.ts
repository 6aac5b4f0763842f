import {
  OrchestratorError,
  type CancelRunAnswer,
  type DagRunId,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';

/** Asks for the end of a run; its `finally` nodes still run, unless asked a second time. Throws `dag_run_not_found`. */
export const cancelRun = (
  deps: OperationDeps,
  id: DagRunId,
  context: WriteContext,
): Promise<CancelRunAnswer> => deps.database.dags.requestCancelRun(id, context);

/** What runs goes on; nothing starts until the run is resumed. Throws `dag_run_not_found`, `dag_run_ended`. */
export const setRunPaused = async (
  deps: OperationDeps,
  id: DagRunId,
  paused: boolean,
): Promise<CancelRunAnswer> => {
  const answer = await deps.database.dags.setRunPaused(id, paused);
  if (answer.kind === 'too_late')
    throw new OrchestratorError('dag_run_ended', `DAG run ${id} is ${answer.state}.`);
  return answer;
};
