import type { Problem } from '@job-orchestrator/types';
import { OrchestratorError } from '@job-orchestrator/types/errors';

/** `KEY=VALUE` words as a map; throws `invalid_input` naming the option. */
export const keyValues = (
  option: string,
  words: readonly string[] = [],
): Readonly<Record<string, string>> => {
  const wrong = words.filter((word) => word.indexOf('=') < 1);
  const problems = wrong.map((value): Problem => ({ field: option, message: 'must be KEY=VALUE', value }));
  if (problems.length > 0)
    throw new OrchestratorError('invalid_input', `${option} must be KEY=VALUE`, problems);
  return Object.fromEntries(
    words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
};
