import type { JobSubmission, JsonObject, Problem } from '@job-orchestrator/types';
import { isOrchestratorError, OrchestratorError } from '@job-orchestrator/types/errors';
import { readBounded } from '../files/read-bounded.ts';
import { given } from '../given.ts';
import { keyValues } from './key-values.ts';

/** What `run` was told on the command line. */
export interface RunFlags {
  readonly name?: string;
  readonly topic?: string;
  readonly project?: string;
  readonly env?: readonly string[];
  readonly input?: readonly string[];
  readonly label?: readonly string[];
  readonly profile?: string;
  readonly secretEnv?: readonly string[];
  readonly localQueue?: string;
  readonly request?: readonly string[];
  readonly limit?: readonly string[];
  readonly sharedMemory?: string;
  readonly output?: boolean;
  readonly priority?: number;
  readonly maxRetries?: number;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refused = (message: string, problems: readonly Problem[]): OrchestratorError =>
  new OrchestratorError('invalid_input', message, problems);

const decodeFile = async (path: string): Promise<unknown> => {
  const { decodeJson } = await import('@job-orchestrator/types');
  try {
    return decodeJson(await readBounded(path));
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    const place = (field: string): string => (field === path ? path : `${path}: ${field}`);
    const problems = error.problems.map((problem) => ({ ...problem, field: place(problem.field) }));
    throw refused(`${path} cannot be used`, problems);
  }
};

const inputFile = async (path: string): Promise<JsonObject> => {
  const value = await decodeFile(path);
  if (isObject(value)) return value;
  throw refused(`${path} cannot be used`, [{ field: path, message: 'must hold a JSON object' }]);
};

/** `--input` words, later over earlier: `KEY=TEXT`, or `@FILE` with a JSON object. */
export const inputsOf = async (words: readonly string[] = []): Promise<JsonObject> => {
  const parts = await Promise.all(
    words.map(async (word) =>
      word.startsWith('@') ? inputFile(word.slice(1)) : keyValues('--input', [word]),
    ),
  );
  // Not Object.assign: a key `__proto__` has to reach the server, which refuses it.
  return Object.fromEntries(parts.flatMap((part) => Object.entries(part)));
};

const emptyToUndefined = <Value extends object>(value: Value): Value | undefined =>
  Object.keys(value).length === 0 ? undefined : value;

const resourcesOf = ({ request, limit, sharedMemory }: RunFlags): NonNullable<JobSubmission['resources']> =>
  given({
    requests: emptyToUndefined(keyValues('--request', request)),
    limits: emptyToUndefined(keyValues('--limit', limit)),
    sharedMemory,
  });

/** People type the reference of an image where its registered name is meant: tell them the command that names it. */
const referenceProblem = (image: string): Problem | null => {
  if (!/[:/@]/.test(image)) return null;
  const name = image
    .replace(/[@:][^/]*$/, '')
    .replace(/^.*\//, '')
    .replaceAll(/[^a-z0-9-]+/g, '-');
  return {
    field: 'IMAGE',
    message: `is a reference, not a registered name; name it first: job-orchestrator image add ${name} ${image}`,
    value: image,
  };
};

/**
 * The job that a `run` command describes; throws `invalid_input` for what only the command line can know. The rules of
 * jobs are the server's to check: it says the same, and their schemas would cost each `run` 200 ms.
 */
export const submissionOf = async (
  image: string,
  command: readonly string[],
  flags: RunFlags,
): Promise<JobSubmission> => {
  const reference = referenceProblem(image);
  if (reference !== null) throw refused('the image is wrong', [reference]);
  return given({
    image,
    command: command.length === 0 ? undefined : [...command],
    name: flags.name,
    topic: flags.topic,
    project: flags.project,
    priority: flags.priority,
    output: flags.output,
    env: emptyToUndefined(keyValues('--env', flags.env)),
    inputs: emptyToUndefined(await inputsOf(flags.input)),
    labels: emptyToUndefined(keyValues('--label', flags.label)),
    profile: flags.profile,
    secretEnv: emptyToUndefined(keyValues('--secret-env', flags.secretEnv)),
    localQueue: flags.localQueue,
    resources: emptyToUndefined(resourcesOf(flags)),
    retry: flags.maxRetries === undefined ? undefined : { maxRetries: flags.maxRetries },
  });
};
