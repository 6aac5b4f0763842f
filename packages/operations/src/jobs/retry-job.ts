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
import { resolveImages } from './resolve-images.ts';

/** How the new job differs from the old one, and the key of the request. */
export interface RetryTerms {
  /** It runs what its image refers to now, instead of what it referred to when the old job was submitted. */
  readonly currentImage?: boolean;
  readonly key?: IdempotencyKey | undefined;
}

/** `from` and `to`: what the image referred to, and what the new job runs; null: the same. */
export interface RetriedJob {
  readonly id: JobId;
  readonly imageChange: { readonly from: string; readonly to: string } | null;
}

/** A job that is run again by hand is no node's: its end is no news for the run that the first one belonged to. */
const withoutRun = (spec: JobSpec): JobSpec => {
  const { [dagLabels.run]: _, ...labels } = spec.labels;
  return { ...spec, labels };
};

const withImage = (
  { pullSecrets: _, ...spec }: JobSpec,
  { reference, runAsUser, pullSecrets = [] }: Image,
): JobSpec => ({
  ...spec,
  imageReference: reference,
  runAsUser,
  ...(pullSecrets.length === 0 ? {} : { pullSecrets }),
});

/** The same job again, as a new one; with `image`, as what that image refers to now. */
export const asNewJob = (job: JobRecord, id: JobId, image?: Image): NewJob => ({
  id,
  project: job.project,
  topic: job.topic,
  priority: job.priority,
  runAt: null,
  spec: withoutRun(image === undefined ? job.spec : withImage(job.spec, image)),
  retryOf: job.id,
  rootJobId: job.rootJobId ?? job.id,
});

const currentImage = async (deps: OperationDeps, job: JobRecord, context: WriteContext): Promise<Image> => {
  const named = { image: job.spec.image, project: job.project };
  return (await resolveImages(deps, [named], context)).imageOf(named);
};

const imageChange = async (
  deps: OperationDeps,
  old: JobRecord,
  id: JobId,
): Promise<RetriedJob['imageChange']> => {
  const [from, to] = [old.spec.imageReference, (await deps.database.history.getJob(id))?.spec.imageReference];
  return to === undefined || to === from ? null : { from, to };
};

/**
 * Runs an ended job again as a new job that names the old one; the old one never changes. With a key, a repeated request
 * gets the same new job.
 * Throws `job_not_found`, or `retry_not_ended` while it has not ended, or
 * `idempotency_key_reused`; with the current image also `image_not_found` or `image_disabled`.
 */
export const retryJob = async (
  deps: OperationDeps,
  id: JobId,
  context: WriteContext,
  terms: RetryTerms = {},
): Promise<RetriedJob> => {
  const job = await deps.database.history.getJob(id);
  if (job === null) throw new OrchestratorError('job_not_found', `There is no job ${id}.`);
  if (!isTerminalJobState(job.state))
    throw new OrchestratorError(
      'retry_not_ended',
      `Job ${id} is ${job.state}; only an ended job can be retried.`,
    );
  const image = terms.currentImage === true ? await currentImage(deps, job, context) : undefined;
  const retry = asNewJob(job, deps.newJobId(), image);
  const { ids } = await deps.database.queue.insertJobs([retry], context, terms.key);
  const newId = ids[0] ?? retry.id;
  if (job.state === 'failed') await deps.database.deadLetters.noteRetried(job.id, newId, context);
  return { id: newId, imageChange: image === undefined ? null : await imageChange(deps, job, newId) };
};
