import {
  defaultDeadlines,
  defaultRetry,
  normalResources,
  type Image,
  type JobId,
  type JobSpec,
  type JobSubmission,
  type NewJob,
  type ProfileRules,
  type Resources,
} from '@job-orchestrator/types';

/** What each layer says, the later over the earlier; null where none says anything. */
const mergeResources = (...layers: readonly (Resources | null | undefined)[]): Resources | null => {
  const given = layers.flatMap((layer) => (layer ? [normalResources(layer)] : []));
  if (given.length === 0) return null;
  const sharedMemory = given.findLast((layer) => layer.sharedMemory !== undefined)?.sharedMemory;
  return {
    requests: Object.assign({}, ...given.map(({ requests }) => requests)) as Record<string, string>,
    limits: Object.assign({}, ...given.map(({ limits }) => limits)) as Record<string, string>,
    ...(sharedMemory === undefined ? {} : { sharedMemory }),
  };
};

type References = Pick<JobSpec, 'profile' | 'secretEnv' | 'pullSecrets' | 'localQueue'>;

/** What is absent says nothing, so that plain jobs stay as small as they are. */
const referencesOf = (
  { secretEnv = {}, localQueue }: JobSubmission,
  { pullSecrets = [] }: Image,
  profile: ProfileRules | null,
): References => ({
  ...(profile === null ? {} : { profile: profile.name }),
  ...(Object.keys(secretEnv).length === 0 ? {} : { secretEnv }),
  ...(pullSecrets.length === 0 ? {} : { pullSecrets }),
  ...(localQueue === undefined ? {} : { localQueue }),
});

const withoutKeys = (
  map: Readonly<Record<string, string>>,
  without: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).filter(([key]) => !Object.hasOwn(without, key)));

/**
 * The complete, frozen spec: the job's own fields over the image's defaults, over the profile's, over ours. Of the profile
 * the resources are frozen; where it places the job is read at each attempt, by its name.
 * A job that gives a command does not inherit the image's args: they belong to the image's command.
 */
export const completeSpec = (
  submission: JobSubmission,
  image: Image,
  profile: ProfileRules | null = null,
): JobSpec => ({
  name: submission.name ?? null,
  image: image.name,
  imageReference: image.reference,
  command: submission.command ?? image.command,
  args: submission.args ?? (submission.command === undefined ? image.args : null),
  env: { ...withoutKeys(image.env, submission.secretEnv), ...submission.env },
  inputs: (submission.inputs as JobSpec['inputs'] | undefined) ?? null,
  output: submission.output ?? false,
  resources: mergeResources(profile?.resources, image.resources, submission.resources),
  runAsUser: image.runAsUser,
  retry: { ...defaultRetry, ...submission.retry },
  deadlines: { ...defaultDeadlines, ...submission.deadlines },
  labels: { ...image.labels, ...submission.labels },
  ...referencesOf(submission, image, profile),
});

/** The project of a submission that names none. */
export const projectOf = (submission: { readonly project?: string }): string =>
  submission.project ?? 'default';

/** A job ready to be stored. */
export const toNewJob = (
  submission: JobSubmission,
  image: Image,
  profile: ProfileRules | null,
  id: JobId,
): NewJob => ({
  id,
  project: projectOf(submission),
  topic: submission.topic ?? 'default',
  priority: submission.priority ?? 0,
  runAt: submission.runAt === undefined ? null : new Date(submission.runAt),
  spec: completeSpec(submission, image, profile),
  retryOf: null,
  rootJobId: null,
});
