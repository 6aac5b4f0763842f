import { readFileSync, statSync } from 'node:fs';
import type { AttemptLaunch } from '@job-orchestrator/types';
import { isShellOwned } from './environment.ts';

/** The values of an attempt's secrets, or a sentence that says what is missing and never what is there. */
export type Secrets =
  | { readonly kind: 'values'; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'missing'; readonly message: string };

/** `{ "SECRET": { "KEY": "value" } }`, as Secrets lie in a namespace. */
type SecretsFile = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

const missing = (message: string): Secrets => ({ kind: 'missing', message });

// Not of a system error, and never of JSON.parse: its message shows a piece of the text.
const whyUnreadable = (error: unknown): string =>
  error instanceof SyntaxError
    ? 'is not valid JSON'
    : `cannot be read (${(error as NodeJS.ErrnoException).code})`;

const isMap = (value: unknown): value is SecretsFile =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What others could read is no secret any more; the same rule as ssh's for its keys. */
const openToOthers = (mode: number): boolean => (mode & 0o077) !== 0;

const readSecretsFile = (path: string): SecretsFile | string => {
  try {
    if (openToOthers(statSync(path).mode))
      return `${path} may be read by others; make it your own: chmod 600 ${path}`;
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isMap(value) ? value : `${path} must hold a map of Secrets: { "SECRET": { "KEY": "value" } }`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return `make the file ${path} with mode 0600: { "SECRET": { "KEY": "value" } }`;
    return `${path} ${whyUnreadable(error)}`;
  }
};

const valueIn = (file: SecretsFile, secret: string, key: string): string | null => {
  const keys = Object.hasOwn(file, secret) ? file[secret] : undefined;
  const value = isMap(keys) && Object.hasOwn(keys, key) ? (keys as Record<string, unknown>)[key] : undefined;
  return typeof value === 'string' ? value : null;
};

/**
 * Reads the values of `secretEnv` from a file of the operator's, anew at each launch; a job without secrets reads nothing.
 * There is no Kubernetes here that would keep them.
 */
export const readSecrets = ({ secretEnv = {} }: Pick<AttemptLaunch, 'secretEnv'>, path: string): Secrets => {
  const wanted = Object.entries(secretEnv);
  if (wanted.length === 0) return { kind: 'values', values: {} };
  const file = readSecretsFile(path);
  if (typeof file === 'string') return missing(`The secrets of the process runtime are not there: ${file}.`);
  const values: Record<string, string> = {};
  for (const [variable, { secret, key }] of wanted) {
    if (isShellOwned(variable))
      return missing(`A shell keeps the variable ${variable} to itself: it cannot hold a secret.`);
    const value = valueIn(file, secret, key);
    if (value === null) return missing(`There is no key ${key} of a secret ${secret} in ${path}.`);
    values[variable] = value;
  }
  return { kind: 'values', values };
};
