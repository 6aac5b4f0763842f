import {
  didYouMean,
  fieldPath,
  refusal,
  secretRefusal,
  type JobSubmission,
  type Problem,
  type SecretBinding,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { projectOf } from './complete-spec.ts';

type Submitted = Pick<JobSubmission, 'project' | 'topic' | 'image' | 'secretEnv'>;
type Path = readonly (string | number)[];

const unbound = (name: string, bindings: readonly SecretBinding[]): string => {
  const near = didYouMean(
    name,
    bindings.map((binding) => binding.name),
  );
  return `is not a name that an administrator bound to a secret${near === null ? '' : `; did you mean ${near}?`}`;
};

interface Refusal extends Problem {
  readonly code: 'secret_not_bound' | 'secret_not_allowed';
}

const refusals = (job: Submitted, bindings: readonly SecretBinding[], path: Path): Refusal[] =>
  Object.entries(job.secretEnv ?? {}).flatMap(([variable, name]): Refusal[] => {
    const field = fieldPath([...path, 'secretEnv', variable]);
    const binding = bindings.find((each) => each.name === name);
    if (binding === undefined)
      return [{ field, message: unbound(name, bindings), value: name, code: 'secret_not_bound' }];
    const message = secretRefusal(binding, { topic: job.topic ?? 'default', image: job.image });
    return message === null ? [] : [{ field, message, value: name, code: 'secret_not_allowed' }];
  });

/**
 * Refuses submissions that use secrets which are not bound, or not for them. Reads nothing where none is used.
 * Throws `secret_not_bound`, `secret_not_allowed`.
 */
export const checkSecrets = async (
  deps: OperationDeps,
  submissions: readonly Submitted[],
  pathOf: (index: number) => Path,
): Promise<void> => {
  const found: Refusal[] = [];
  const ofProject = new Map<string, readonly SecretBinding[]>();
  for (const [index, submission] of submissions.entries()) {
    if (submission.secretEnv === undefined) continue;
    const project = projectOf(submission);
    const bindings = ofProject.get(project) ?? (await deps.database.secretBindings.list(project));
    ofProject.set(project, bindings);
    found.push(...refusals(submission, bindings, pathOf(index)));
  }
  const [first] = found;
  if (first === undefined) return;
  const problems = found.map(({ code: _, ...problem }) => problem);
  throw refusal(first.code, problems);
};
