import type { JsonObject, JsonValue, Problem } from '@job-orchestrator/types';
import { readBounded } from '../files/read-bounded.ts';
import { keyValues } from './key-values.ts';
import { rethrowPlaced } from './placed.ts';

/** The options that give a run its inputs. */
export interface InputFlags {
  readonly input?: readonly string[];
  readonly inputsFile?: string;
}

const jsonObject = async (path: string, bytes: Uint8Array): Promise<JsonObject> => {
  const { decodeJson, invalidInput } = await import('@job-orchestrator/types');
  const value = decodeJson(bytes);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw invalidInput([{ field: path, message: 'must hold a JSON object' }]);
};

/** `n=3` is a number and `day=monday` text: JSON where it is valid. */
const inputValue = (text: string): JsonValue => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
};

/** The values of `--input`. */
export const inputsOf = (words: readonly string[] | undefined): JsonObject =>
  Object.fromEntries(
    Object.entries(keyValues('--input', words)).map(([key, text]) => [key, inputValue(text)]),
  );

/** The inputs of `--inputs-file`, and over them those of `--input`. */
export const givenInputs = async ({ input, inputsFile }: InputFlags): Promise<JsonObject> => ({
  ...(inputsFile === undefined ? {} : await jsonObject(inputsFile, await readBounded(inputsFile))),
  ...inputsOf(input),
});

/** Does something with the inputs; what is refused of those in `--inputs-file` is shown where it stands there. */
export const withInputs = async <Answer>(
  { input, inputsFile }: InputFlags,
  work: (inputs: JsonObject) => Promise<Answer>,
): Promise<Answer> => {
  const words = inputsOf(input);
  if (inputsFile === undefined) return work(words);
  const bytes = await readBounded(inputsFile);
  const inputs = { ...(await jsonObject(inputsFile, bytes)), ...words };
  return work(inputs).catch(async (error: unknown) => {
    const { placesIn } = await import('@job-orchestrator/dag-orchestrator');
    const place = placesIn(inputsFile === '-' ? '(stdin)' : inputsFile, bytes, 'inputs');
    const isWord = ({ field }: Problem) => Object.hasOwn(words, field.replace(/^inputs\./, ''));
    return rethrowPlaced((problem) => (isWord(problem) ? problem : place(problem)))(error);
  });
};
