import {
  dagLabels,
  isTerminalJobState,
  OrchestratorError,
  type IdempotencyKey,
  type Image,
  type JobId,
  type JobRecord,
  type JobSpec,
  type NewJob,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';

/** A job that is run again by hand is no node's: its end is no news for the run that the first one belonged to. */
const withoutRun = (spec: JobSpec): JobSpec => {
  const { [dagLabels.run]: _, ...labels } = spec.labels;
  return { ...spec, labels };
};

/** The same job again, as a new one; with `image`, as what that image refers to now. */
export const asNewJob = (job: JobRecord, id: JobId, image?: Image): NewJob => ({
  id,
  project: job.project,
  topic: job.topic,
  priority: job.priority,
  runAt: null,
  spec: withoutRun(
    image === undefined
      ? job.spec
      : { ...job.spec, imageReference: image.reference, runAsUser: image.runAsUser },
  ),
  retryOf: job.id,
  rootJobId: job.rootJobId ?? job.id,
});

/**
 * Runs an ended job again as a new job that names the old one; the old one never changes. With a key, a repeated request
 * gets the same new job.
 * Throws `job_not_found`, or `retry_not_ended` while it has not ended, or
 * `idempotency_key_reused`.
 */
export const retryJob = async (
  deps: OperationDeps,
  id: JobId,
  context: WriteContext,
  key?: IdempotencyKey,
): Promise<JobId> => {
  const job = await deps.database.history.getJob(id);
  if (job === null) throw new OrchestratorError('job_not_found', `There is no job ${id}.`);
  if (!isTerminalJobState(job.state))
    throw new OrchestratorError(
      'retry_not_ended',
      `Job ${id} is ${job.state}; only an ended job can be retried.`,
    );
  const retry = asNewJob(job, deps.newJobId());
  const { ids } = await deps.database.queue.insertJobs([retry], context, key);
  const newId = ids[0] ?? retry.id;
  if (job.state === 'failed') await deps.database.deadLetters.noteRetried(job.id, newId, context);
  return newId;
};
