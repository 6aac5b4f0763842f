import type { SubmittedJobs } from '@job-orchestrator/operations';
import {
  OrchestratorError,
  type Database,
  type JobId,
  type JobState,
  type JobSubmission,
} from '@job-orchestrator/types';

interface SubmittedState {
  readonly id: JobId;
  readonly state: JobState;
}

const readState = async (database: Database, id: JobId): Promise<SubmittedState> => {
  const job = await database.history.getJob(id);
  if (job === null)
    throw new OrchestratorError(
      'job_not_found',
      `The job ${id} of this Idempotency-Key is not kept any more.`,
    );
  return { id, state: job.state };
};

/**
 * The jobs of a submission with their states. New ones wait (`pending`) or are due later (`scheduled`): no read is
 * needed. Those of an earlier request may be anywhere by now.
 */
export const submittedStates = async (
  database: Database,
  submissions: readonly JobSubmission[],
  stored: SubmittedJobs,
): Promise<readonly SubmittedState[]> => {
  const states: SubmittedState[] = [];
  for (const [index, id] of stored.ids.entries()) {
    const runAt = submissions[index]?.runAt;
    const due = runAt === undefined || Date.parse(runAt) <= Date.now();
    // One after the other: a repeated batch of 1,000 must not take every connection.
    states.push(
      stored.replayed ? await readState(database, id) : { id, state: due ? 'pending' : 'scheduled' },
    );
  }
  return states;
};
