import type { JsonObject, JsonValue } from '@job-orchestrator/types';
import { readBounded } from '../files/read-bounded.ts';
import { keyValues } from './key-values.ts';

/** The options that give a run its inputs. */
export interface InputFlags {
  readonly input?: readonly string[];
  readonly inputsFile?: string;
}

const readJson = async (path: string): Promise<JsonObject> => {
  const { decodeJson, invalidInput } = await import('@job-orchestrator/types');
  const value = decodeJson(await readBounded(path));
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
  ...(inputsFile === undefined ? {} : await readJson(inputsFile)),
  ...inputsOf(input),
});
