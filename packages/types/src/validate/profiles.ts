import type { Problem } from '../errors/problems.ts';
import { checkJson, fieldPath } from '../json/check-json.ts';
import { invalidInput } from '../json/strict-json.ts';
import {
  ProfileSubmissionSchema,
  SecretBindingSubmissionSchema,
  type ProfileSubmission,
  type SecretBindingSubmission,
} from '../schemas/profile.ts';
import { maximumProblems, maximumQuantityProblems, normalResources, resourcesProblems } from './resources.ts';
import { schemaProblems } from './schema-problems.ts';
import { isLabelKey, isLabelValue, nodeSelectorProblems, notALabelKey, notALabelValue } from './text-maps.ts';

const profileShape = schemaProblems(ProfileSubmissionSchema);
const bindingShape = schemaProblems(SecretBindingSubmissionSchema);

type GivenToleration = NonNullable<ProfileSubmission['tolerations']>[number];

/** Kubernetes' own rules, said here before a pod is refused for them. */
const tolerationProblem = ({
  key,
  operator,
  value,
  effect,
  tolerationSeconds,
}: GivenToleration): string | null => {
  if (key !== undefined && !isLabelKey(key)) return notALabelKey;
  if (key === undefined && operator !== 'Exists') return 'needs a key, or operator Exists for every taint';
  if (value !== undefined && !isLabelValue(value)) return notALabelValue;
  if (operator === 'Exists' && value !== undefined) return 'has a value, which goes with operator Equal only';
  if (tolerationSeconds !== undefined && effect !== 'NoExecute')
    return 'has tolerationSeconds, which go with effect NoExecute only';
  return null;
};

const tolerationProblems = (tolerations: readonly GivenToleration[]): Problem[] =>
  tolerations.flatMap((toleration, index) => {
    const message = tolerationProblem(toleration);
    return message === null ? [] : [{ field: fieldPath(['tolerations', index]), message }];
  });

/** What a job gets that says nothing must be a limit: without one, the maximum would bound nothing. */
const unboundedProblems = ({ maximum = {}, resources }: ProfileSubmission): Problem[] =>
  (['memory', 'ephemeral-storage'] as const)
    .filter((name) => maximum[name] !== undefined && resources?.limits?.[name] === undefined)
    .map((name) => ({
      field: `maximum.${name}`,
      message: `needs resources.limits.${name}: a job that names no limit would have none`,
    }));

const profileProblems = (profile: ProfileSubmission): readonly Problem[] => {
  const { name, resources, maximum = {}, tolerations = [], nodeSelector } = profile;
  const wrong = [
    ...nodeSelectorProblems(nodeSelector, ['nodeSelector']),
    ...tolerationProblems(tolerations),
    ...resourcesProblems(resources, ['resources']),
    ...maximumQuantityProblems(maximum, ['maximum']),
    ...unboundedProblems(profile),
  ];
  const over = maximumProblems(normalResources(resources ?? {}), { name, maximum }, ['resources']);
  return wrong.length > 0 ? wrong : over;
};

/** Checks a profile from outside; throws `invalid_input` naming every field, limit and value. */
export const validateProfile = (value: unknown): ProfileSubmission => {
  const shape = [...checkJson(value), ...profileShape(value)];
  if (shape.length > 0) throw invalidInput(shape);
  const profile = value as ProfileSubmission;
  const problems = profileProblems(profile);
  if (problems.length > 0) throw invalidInput(problems);
  return profile;
};

/** Checks a binding from outside; throws `invalid_input` naming every field, limit and value. */
export const validateSecretBinding = (value: unknown): SecretBindingSubmission => {
  const problems = [...checkJson(value), ...bindingShape(value)];
  if (problems.length > 0) throw invalidInput(problems);
  return value as SecretBindingSubmission;
};
