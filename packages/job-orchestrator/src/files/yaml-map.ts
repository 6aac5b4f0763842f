import { invalidInput, type JsonObject } from '@job-orchestrator/types';
import { decodeText, parseDocuments, syntaxProblems, valueOf } from './job-file.ts';
import { readBounded } from './read-bounded.ts';

/** Reads a file with one map in YAML or JSON; `-` is standard input. Throws `invalid_input` with file, line and column. */
export const readYamlMap = async (path: string): Promise<JsonObject> => {
  const file = path === '-' ? '(stdin)' : path;
  const documents = parseDocuments(file, decodeText(file, await readBounded(path)));
  const wrong = documents.flatMap(syntaxProblems);
  if (wrong.length > 0) throw invalidInput(wrong);
  const [document, ...more] = documents;
  const value = document === undefined ? null : valueOf(document);
  const fits = more.length === 0 && typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!fits) throw invalidInput([{ field: file, message: 'must hold one map' }]);
  return value as JsonObject;
};
