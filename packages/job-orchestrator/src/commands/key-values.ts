import type { Problem } from '@job-orchestrator/types';
import { OrchestratorError } from '@job-orchestrator/types/errors';

/** `KEY=VALUE` words as a map; throws `invalid_input` naming the option. */
export const keyValues = (
  option: string,
  words: readonly string[] = [],
): Readonly<Record<string, string>> => {
  const keys = words.map((word) => word.slice(0, Math.max(0, word.indexOf('='))));
  const problems = words.flatMap((value, index): Problem[] => {
    const key = keys[index]!;
    if (key === '') return [{ field: option, message: 'must be KEY=VALUE', value }];
    return keys.indexOf(key) === index
      ? []
      : [{ field: option, message: `gives ${key} a second time`, value }];
  });
  const [first] = problems;
  if (first !== undefined)
    throw new OrchestratorError('invalid_input', `${option} ${first.message}`, problems);
  return Object.fromEntries(words.map((word, index) => [keys[index]!, word.slice(keys[index]!.length + 1)]));
};
