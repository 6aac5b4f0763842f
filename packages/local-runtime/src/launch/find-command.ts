import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** Where a command is, or why it cannot be executed. */
export type FoundCommand =
  { readonly kind: 'found'; readonly path: string } | { readonly kind: 'missing'; readonly message: string };

const missing = (message: string): FoundCommand => ({ kind: 'missing', message });

type Candidate = 'executable' | 'not_executable' | 'absent';

const judgeCandidate = (path: string): Candidate => {
  try {
    if (!statSync(path).isFile()) return 'not_executable';
  } catch {
    return 'absent';
  }
  try {
    accessSync(path, constants.X_OK);
    return 'executable';
  } catch {
    return 'not_executable';
  }
};

/** The interpreter that a script's first line names, or null. Linux reads at most 256 bytes of it. */
const interpreterOf = (path: string): string | null => {
  const head = Buffer.alloc(256);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, head);
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
  return /^#![ \t]*([^\s\0]+)/.exec(head.toString('latin1'))?.[1] ?? null;
};

const judgeFound = (path: string): FoundCommand => {
  const interpreter = interpreterOf(path);
  if (interpreter === null || judgeCandidate(interpreter) === 'executable') return { kind: 'found', path };
  return missing(`The script ${path} names an interpreter that is not there: ${interpreter}.`);
};

const findByPath = (name: string, workingDirectory: string): FoundCommand => {
  const path = resolve(workingDirectory, name);
  const candidate = judgeCandidate(path);
  if (candidate === 'executable') return judgeFound(path);
  return missing(candidate === 'absent' ? `There is no file ${path}.` : `${path} is not an executable file.`);
};

/**
 * Finds a command as execvp does: a name with a slash is a path, any other is looked for in PATH. The process runtime
 * does not use the image, so the command must exist on this machine.
 */
export const findCommand = (name: string, searchPath: string, workingDirectory: string): FoundCommand => {
  if (name.includes('/')) return findByPath(name, workingDirectory);
  if (name === '') return missing('The command is an empty string.');
  const candidates = searchPath.split(':').map((folder) => resolve(workingDirectory, folder || '.', name));
  const found = candidates.find((path) => judgeCandidate(path) === 'executable');
  if (found !== undefined) return judgeFound(found);
  const blocked = candidates.find((path) => judgeCandidate(path) === 'not_executable');
  if (blocked !== undefined) return missing(`${blocked} is not an executable file.`);
  return missing(`There is no command ${JSON.stringify(name)} in ${searchPath}.`);
};
