import {
  defaultDeadlines,
  defaultRetry,
  type Image,
  type JobId,
  type JobSpec,
  type JobSubmission,
  type NewJob,
  type Resources,
} from '@job-orchestrator/types';

const mergeResources = (image: Resources | null, job: Resources | undefined): Resources | null => {
  if (image === null && job === undefined) return null;
  return {
    requests: { ...image?.requests, ...job?.requests },
    limits: { ...image?.limits, ...job?.limits },
  };
};

/**
 * The complete, frozen spec: the job's own fields over the image's defaults, over ours.
 * A job that gives a command does not inherit the image's args: they belong to the image's command.
 */
export const completeSpec = (submission: JobSubmission, image: Image): JobSpec => ({
  name: submission.name ?? null,
  image: image.name,
  imageReference: image.reference,
  command: submission.command ?? image.command,
  args: submission.args ?? (submission.command === undefined ? image.args : null),
  env: { ...image.env, ...submission.env },
  inputs: (submission.inputs as JobSpec['inputs'] | undefined) ?? null,
  output: submission.output ?? false,
  resources: mergeResources(image.resources, submission.resources),
  runAsUser: image.runAsUser,
  retry: { ...defaultRetry, ...submission.retry },
  deadlines: { ...defaultDeadlines, ...submission.deadlines },
  labels: { ...image.labels, ...submission.labels },
});

/** The project of a submission that names none. */
export const projectOf = (submission: { readonly project?: string }): string =>
  submission.project ?? 'default';

/** A job ready to be stored. */
export const toNewJob = (submission: JobSubmission, image: Image, id: JobId): NewJob => ({
  id,
  project: projectOf(submission),
  topic: submission.topic ?? 'default',
  priority: submission.priority ?? 0,
  runAt: submission.runAt === undefined ? null : new Date(submission.runAt),
  spec: completeSpec(submission, image),
  retryOf: null,
  rootJobId: null,
});
