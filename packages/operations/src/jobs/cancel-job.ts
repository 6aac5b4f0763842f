import type { CancelAnswer, JobId, WriteContext } from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';

/**
 * Asks for a job's end. `accepted`: it will end `cancelled`. `too_late`: it had ended already, in the state given.
 * Throws `job_not_found`.
 */
export const cancelJob = (deps: OperationDeps, id: JobId, context: WriteContext): Promise<CancelAnswer> =>
  deps.database.queue.requestCancel(id, context);
