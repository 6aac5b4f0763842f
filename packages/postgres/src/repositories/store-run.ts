import { OrchestratorError, type NewDagRun, type WriteContext } from '@job-orchestrator/types';
import type { Sql } from '../connection/sql.ts';
import * as start from '../sql/dags/start-run.ts';

/** Stores a run with all its node runs, and marks it as due. Throws `dag_not_found`. */
export const storeRun = async (sql: Sql, run: NewDagRun, context: WriteContext): Promise<void> => {
  if (!(await start.insertRun(sql, run, context)))
    throw new OrchestratorError('dag_not_found', `There is no DAG ${run.dag} in project ${run.project}.`);
  await start.insertRunProfiles(sql, run);
  await start.insertNodeRuns(sql, run);
  if (run.kept !== null) await start.copyNodeRuns(sql, run.id, run.kept);
  await start.markDue(sql, run.id);
};
