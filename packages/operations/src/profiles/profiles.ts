import {
  normalResources,
  OrchestratorError,
  type NewProfile,
  type Profile,
  type ProfileSubmission,
  type SecretBinding,
  type SecretBindingSubmission,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { projectOf } from '../jobs/complete-spec.ts';

const texts = (quantities: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> =>
  normalResources({ limits: quantities }).limits ?? {};

const toProfile = (profile: ProfileSubmission): NewProfile => ({
  project: projectOf(profile),
  name: profile.name,
  description: profile.description ?? null,
  defaultForTopics: profile.defaultForTopics ?? [],
  nodeSelector: profile.nodeSelector ?? {},
  tolerations: profile.tolerations ?? [],
  priorityClassName: profile.priorityClassName ?? null,
  serviceAccountName: profile.serviceAccountName ?? null,
  runtimeClassName: profile.runtimeClassName ?? null,
  pullSecrets: profile.pullSecrets ?? [],
  localQueue: profile.localQueue ?? null,
  resources: profile.resources === undefined ? null : normalResources(profile.resources),
  maximum: texts(profile.maximum),
});

/** Defines a profile or replaces it. The submission must have passed `validateProfile`. Throws `invalid_input`. */
export const putProfile = (
  deps: OperationDeps,
  profile: ProfileSubmission,
  context: WriteContext,
): Promise<Profile> => deps.database.profiles.put(toProfile(profile), context);

/** Throws `profile_not_found`, which lists those that there are. */
export const readProfile = async (deps: OperationDeps, project: string, name: string): Promise<Profile> => {
  const found = await deps.database.profiles.get(project, name);
  if (found !== null) return found;
  const names = (await deps.database.profiles.list(project)).map((profile) => profile.name);
  const known = names.length === 0 ? 'none is defined' : `there are ${names.join(', ')}`;
  throw new OrchestratorError(
    'profile_not_found',
    `There is no profile ${name} in project ${project}; ${known}.`,
  );
};

/** Counted no further than this: who reads it wants to know whether it is none, a few or many. */
const countedMost = 1_000;

/**
 * Removes a profile. Unless `force`, not while live jobs name it: at their next attempt they would fail.
 * Throws `profile_not_found`, `profile_in_use`.
 */
export const removeProfile = async (
  deps: OperationDeps,
  { project, name, force }: { readonly project: string; readonly name: string; readonly force: boolean },
  context: WriteContext,
): Promise<Profile> => {
  const profile = await readProfile(deps, project, name);
  const jobs = force ? 0 : await deps.database.profiles.countLiveJobs(project, name, countedMost);
  if (jobs > 0) {
    const many = jobs === countedMost ? `${jobs} live jobs or more name` : `${jobs} live jobs name`;
    throw new OrchestratorError(
      'profile_in_use',
      `${jobs === 1 ? '1 live job names' : many} the profile ${name}.`,
    );
  }
  await deps.database.profiles.remove(project, name, context);
  return profile;
};

/** Binds a name to a key of a Secret. The submission must have passed `validateSecretBinding`. Throws `invalid_input`. */
export const bindSecret = (
  deps: OperationDeps,
  binding: SecretBindingSubmission,
  context: WriteContext,
): Promise<SecretBinding> =>
  deps.database.secretBindings.bind(
    {
      project: projectOf(binding),
      name: binding.name,
      secret: binding.secret,
      key: binding.key,
      topics: binding.topics ?? [],
      images: binding.images ?? [],
    },
    context,
  );

/** Takes a name from its Secret: later attempts that use it fail. Throws `secret_not_bound`. */
export const unbindSecret = async (
  deps: OperationDeps,
  project: string,
  name: string,
  context: WriteContext,
): Promise<SecretBinding> => {
  const [binding] = await deps.database.secretBindings.getMany(project, [name]);
  await deps.database.secretBindings.unbind(project, name, context);
  return binding!;
};
