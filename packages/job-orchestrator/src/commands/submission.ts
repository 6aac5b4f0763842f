import {
  decodeJson,
  invalidInput,
  isOrchestratorError,
  validateJobSubmission,
  type JobSubmission,
  type JsonObject,
  type Problem,
} from '@job-orchestrator/types';
import { readBounded } from '../files/read-bounded.ts';
import { given } from '../given.ts';

/** What `run` was told on the command line. */
export interface RunFlags {
  readonly name?: string;
  readonly topic?: string;
  readonly project?: string;
  readonly env?: readonly string[];
  readonly input?: readonly string[];
  readonly label?: readonly string[];
  readonly output?: boolean;
  readonly priority?: number;
  readonly maxRetries?: number;
}

/** `KEY=VALUE` words as a map; throws `invalid_input` naming the option. */
export const keyValues = (
  option: string,
  words: readonly string[] = [],
): Readonly<Record<string, string>> => {
  const wrong = words.filter((word) => word.indexOf('=') < 1);
  const problems = wrong.map((value): Problem => ({ field: option, message: 'must be KEY=VALUE', value }));
  if (problems.length > 0) throw invalidInput(problems);
  return Object.fromEntries(
    words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
};

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const inputFile = async (path: string): Promise<JsonObject> => {
  const bytes = await readBounded(path);
  const value = inFile(path, () => decodeJson(bytes));
  if (isObject(value)) return value;
  throw invalidInput([{ field: path, message: 'must hold a JSON object' }]);
};

const inFile = <Value>(path: string, decode: () => Value): Value => {
  try {
    return decode();
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    throw invalidInput(error.problems.map((problem) => ({ ...problem, field: `${path}: ${problem.field}` })));
  }
};

/** `--input` words, later over earlier: `KEY=TEXT`, or `@FILE` with a JSON object. */
export const inputsOf = async (words: readonly string[] = []): Promise<JsonObject> => {
  const parts = await Promise.all(
    words.map(async (word) =>
      word.startsWith('@') ? inputFile(word.slice(1)) : keyValues('--input', [word]),
    ),
  );
  return Object.assign({}, ...parts) as JsonObject;
};

const emptyToUndefined = <Value extends object>(value: Value): Value | undefined =>
  Object.keys(value).length === 0 ? undefined : value;

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

/** The job that a `run` command describes, checked; throws `invalid_input`. */
export const submissionOf = async (
  image: string,
  command: readonly string[],
  flags: RunFlags,
): Promise<JobSubmission> => {
  const reference = referenceProblem(image);
  if (reference !== null) throw invalidInput([reference]);
  return validateJobSubmission(
    given({
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
      retry: flags.maxRetries === undefined ? undefined : { maxRetries: flags.maxRetries },
    }),
  );
};
