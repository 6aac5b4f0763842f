import {
  failure,
  secretRefusal,
  type AttemptLaunch,
  type Failure,
  type LiveAttempt,
  type Profile,
  type SecretBinding,
  type SecretReference,
} from '@job-orchestrator/types';
import type { Life } from '../engine/life.ts';

export type References = Pick<AttemptLaunch, 'placement' | 'secretEnv'>;

/** What a job names and others define, as it is now; or why it cannot run as it stands. */
export type ReadReferences =
  | { readonly kind: 'read'; readonly references: References }
  | { readonly kind: 'missing'; readonly failure: Failure };

const missing = (reason: 'profile_missing' | 'secret_not_bound', message: string): ReadReferences => ({
  kind: 'missing',
  failure: failure(reason, message),
});

const placementOf = (profile: Profile): NonNullable<References['placement']> => ({
  nodeSelector: profile.nodeSelector,
  tolerations: profile.tolerations,
  priorityClassName: profile.priorityClassName,
  serviceAccountName: profile.serviceAccountName,
  runtimeClassName: profile.runtimeClassName,
  pullSecrets: profile.pullSecrets,
  localQueue: profile.localQueue,
});

/** The references of `secretEnv`, or a sentence about the first that may not be used (any more). */
const resolveSecrets = (
  { spec, topic }: LiveAttempt,
  bindings: readonly SecretBinding[],
): Readonly<Record<string, SecretReference>> | string => {
  const resolved: Record<string, SecretReference> = {};
  for (const [variable, name] of Object.entries(spec.secretEnv ?? {})) {
    const binding = bindings.find((each) => each.name === name);
    const refusal =
      binding === undefined ? 'is not bound any more' : secretRefusal(binding, { topic, image: spec.image });
    if (binding === undefined || refusal !== null) return `secretEnv.${variable}: ${name} ${refusal}.`;
    resolved[variable] = { secret: binding.secret, key: binding.key };
  }
  return resolved;
};

/**
 * Reads profile and bindings at each attempt, so that what an administrator mends or takes back counts from the next one
 * on. A job that names neither costs no read. Rejects when the database cannot answer.
 */
export const readReferences = async (life: Life, attempt: LiveAttempt): Promise<ReadReferences> => {
  const { profiles, secretBindings } = life.deps.database;
  const { spec, project } = attempt;
  const profile = spec.profile === undefined ? undefined : await profiles.get(project, spec.profile);
  if (profile === null)
    return missing('profile_missing', `There is no profile ${spec.profile} in project ${project} any more.`);
  const placed = profile === undefined ? {} : { placement: placementOf(profile) };
  if (spec.secretEnv === undefined) return { kind: 'read', references: placed };
  const names = [...new Set(Object.values(spec.secretEnv))];
  const secretEnv = resolveSecrets(attempt, await secretBindings.getMany(project, names));
  return typeof secretEnv === 'string'
    ? missing('secret_not_bound', secretEnv)
    : { kind: 'read', references: { ...placed, secretEnv } };
};
